//! Errors about updates, patches and the repositories that they come from.

use std::fmt;

use super::{ApiError, ErrorDesc};

errors! {
    /// Apply guidance failed.
    APPLY_GUIDANCE_FAILED => apply_guidance_failed(ref_: "ref");
    /// Apply livepatch failed.
    APPLY_LIVEPATCH_FAILED => apply_livepatch_failed(livepatch: "livepatch");
    /// Apply updates failed.
    APPLY_UPDATES_FAILED => apply_updates_failed(ref_: "ref");
    /// Apply updates in progress.
    APPLY_UPDATES_IN_PROGRESS => apply_updates_in_progress();
    /// Blocked repo url.
    BLOCKED_REPO_URL => blocked_repo_url(url: "url");
    /// Bundle repository already exists.
    BUNDLE_REPOSITORY_ALREADY_EXISTS => bundle_repository_already_exists(ref_: "ref");
    /// Bundle repo not enabled.
    BUNDLE_REPO_NOT_ENABLED => bundle_repo_not_enabled();
    /// Bundle sync failed.
    BUNDLE_SYNC_FAILED => bundle_sync_failed();
    /// Bundle unpack failed.
    BUNDLE_UNPACK_FAILED => bundle_unpack_failed(error: "error");
    /// Cannot fetch patch.
    CANNOT_FETCH_PATCH => cannot_fetch_patch(uuid: "uuid");
    /// Cannot find patch.
    CANNOT_FIND_PATCH => cannot_find_patch();
    /// Cannot find update.
    CANNOT_FIND_UPDATE => cannot_find_update();
    /// Can not periodic sync updates.
    CAN_NOT_PERIODIC_SYNC_UPDATES => can_not_periodic_sync_updates();
    /// Can not sync updates.
    CAN_NOT_SYNC_UPDATES => can_not_sync_updates();
    /// Configure repositories in progress.
    CONFIGURE_REPOSITORIES_IN_PROGRESS => configure_repositories_in_progress();
    /// Get host updates failed.
    GET_HOST_UPDATES_FAILED => get_host_updates_failed(ref_: "ref");
    /// Get updates failed.
    GET_UPDATES_FAILED => get_updates_failed();
    /// Invalid base url.
    INVALID_BASE_URL => invalid_base_url(url: "url");
    /// Invalid gpgkey path.
    INVALID_GPGKEY_PATH => invalid_gpgkey_path(gpgkey_path: "gpgkey_path");
    /// Invalid patch.
    INVALID_PATCH => invalid_patch();
    /// Invalid patch with log.
    INVALID_PATCH_WITH_LOG => invalid_patch_with_log(log: "log");
    /// Invalid repomd xml.
    INVALID_REPOMD_XML => invalid_repomd_xml();
    /// Invalid repository domain allowlist.
    INVALID_REPOSITORY_DOMAIN_ALLOWLIST => invalid_repository_domain_allowlist(domains: "domains");
    /// Invalid repository proxy credential.
    INVALID_REPOSITORY_PROXY_CREDENTIAL => invalid_repository_proxy_credential();
    /// Invalid repository proxy url.
    INVALID_REPOSITORY_PROXY_URL => invalid_repository_proxy_url(url: "url");
    /// Invalid update.
    INVALID_UPDATE => invalid_update(info: "info");
    /// Invalid updateinfo xml.
    INVALID_UPDATEINFO_XML => invalid_updateinfo_xml();
    /// Invalid update sync day.
    INVALID_UPDATE_SYNC_DAY => invalid_update_sync_day(day: "day");
    /// Multiple update repositories enabled.
    MULTIPLE_UPDATE_REPOSITORIES_ENABLED => multiple_update_repositories_enabled();
    /// No repositories configured.
    NO_REPOSITORIES_CONFIGURED => no_repositories_configured();
    /// No repository enabled.
    NO_REPOSITORY_ENABLED => no_repository_enabled();
    /// Patch already applied.
    PATCH_ALREADY_APPLIED => patch_already_applied(patch: "patch");
    /// Patch already exists.
    PATCH_ALREADY_EXISTS => patch_already_exists(uuid: "uuid");
    /// Patch apply failed.
    PATCH_APPLY_FAILED => patch_apply_failed(output: "output");
    /// Patch apply failed backup files exist.
    PATCH_APPLY_FAILED_BACKUP_FILES_EXIST => patch_apply_failed_backup_files_exist(output: "output");
    /// Patch is applied.
    PATCH_IS_APPLIED => patch_is_applied();
    /// Patch precheck failed iso mounted.
    PATCH_PRECHECK_FAILED_ISO_MOUNTED => patch_precheck_failed_iso_mounted(patch: "patch");
    /// Patch precheck failed out of space.
    PATCH_PRECHECK_FAILED_OUT_OF_SPACE => patch_precheck_failed_out_of_space(patch: "patch", found_space: "found_space", required_required: "required_required");
    /// Patch precheck failed prerequisite missing.
    PATCH_PRECHECK_FAILED_PREREQUISITE_MISSING => patch_precheck_failed_prerequisite_missing(patch: "patch", prerequisite_patch_uuid_list: "prerequisite_patch_uuid_list");
    /// Patch precheck failed unknown error.
    PATCH_PRECHECK_FAILED_UNKNOWN_ERROR => patch_precheck_failed_unknown_error(patch: "patch", info: "info");
    /// Patch precheck failed vm running.
    PATCH_PRECHECK_FAILED_VM_RUNNING => patch_precheck_failed_vm_running(patch: "patch");
    /// Patch precheck failed wrong server build.
    PATCH_PRECHECK_FAILED_WRONG_SERVER_BUILD => patch_precheck_failed_wrong_server_build(patch: "patch", found_build: "found_build", required_build: "required_build");
    /// Patch precheck failed wrong server version.
    PATCH_PRECHECK_FAILED_WRONG_SERVER_VERSION => patch_precheck_failed_wrong_server_version(patch: "patch", found_version: "found_version", required_version: "required_version");
    /// Repository already exists.
    REPOSITORY_ALREADY_EXISTS => repository_already_exists(ref_: "ref");
    /// Repository cleanup failed.
    REPOSITORY_CLEANUP_FAILED => repository_cleanup_failed();
    /// Repository is in use.
    REPOSITORY_IS_IN_USE => repository_is_in_use();
    /// Reposync failed.
    REPOSYNC_FAILED => reposync_failed();
    /// Repo should be single one enabled.
    REPO_SHOULD_BE_SINGLE_ONE_ENABLED => repo_should_be_single_one_enabled();
    /// Sync bundle in progress.
    SYNC_BUNDLE_IN_PROGRESS => sync_bundle_in_progress();
    /// Sync updates in progress.
    SYNC_UPDATES_IN_PROGRESS => sync_updates_in_progress();
    /// Telemetry next collection too late.
    TELEMETRY_NEXT_COLLECTION_TOO_LATE => telemetry_next_collection_too_late(timestamp: "timestamp");
    /// Updateinfo hash mismatch.
    UPDATEINFO_HASH_MISMATCH => updateinfo_hash_mismatch();
    /// Update already applied.
    UPDATE_ALREADY_APPLIED => update_already_applied(update: "update");
    /// Update already applied in pool.
    UPDATE_ALREADY_APPLIED_IN_POOL => update_already_applied_in_pool(update: "update");
    /// Update already exists.
    UPDATE_ALREADY_EXISTS => update_already_exists(uuid: "uuid");
    /// Update apply failed.
    UPDATE_APPLY_FAILED => update_apply_failed(output: "output");
    /// Update is applied.
    UPDATE_IS_APPLIED => update_is_applied();
    /// Update pool apply failed.
    UPDATE_POOL_APPLY_FAILED => update_pool_apply_failed(hosts: "hosts");
    /// Update precheck failed conflict present.
    UPDATE_PRECHECK_FAILED_CONFLICT_PRESENT => update_precheck_failed_conflict_present(update: "update", conflict_update: "conflict_update");
    /// Update precheck failed gpgkey not imported.
    UPDATE_PRECHECK_FAILED_GPGKEY_NOT_IMPORTED => update_precheck_failed_gpgkey_not_imported(update: "update");
    /// Update precheck failed out of space.
    UPDATE_PRECHECK_FAILED_OUT_OF_SPACE => update_precheck_failed_out_of_space(update: "update", available_space: "available_space", required_space: "required_space");
    /// Update precheck failed prerequisite missing.
    UPDATE_PRECHECK_FAILED_PREREQUISITE_MISSING => update_precheck_failed_prerequisite_missing(update: "update", prerequisite_update: "prerequisite_update");
    /// Update precheck failed unknown error.
    UPDATE_PRECHECK_FAILED_UNKNOWN_ERROR => update_precheck_failed_unknown_error(update: "update", info: "info");
    /// Update precheck failed wrong server version.
    UPDATE_PRECHECK_FAILED_WRONG_SERVER_VERSION => update_precheck_failed_wrong_server_version(update: "update", installed_version: "installed_version", required_version: "required_version");
    /// Update syncing remote pool coordinator connection failed.
    UPDATE_SYNCING_REMOTE_POOL_COORDINATOR_CONNECTION_FAILED => update_syncing_remote_pool_coordinator_connection_failed();
    /// Update syncing remote pool coordinator service failed.
    UPDATE_SYNCING_REMOTE_POOL_COORDINATOR_SERVICE_FAILED => update_syncing_remote_pool_coordinator_service_failed();
}
