//! Errors about updates, patches and the repositories that they come from.

use std::fmt;

use super::{ApiError, ErrorDesc};

errors! {
    /// What the update asks for could not be done.
    APPLY_GUIDANCE_FAILED => apply_guidance_failed(ref_: "ref");
    /// A patch for the running system could not be applied.
    APPLY_LIVEPATCH_FAILED => apply_livepatch_failed(livepatch: "livepatch");
    /// The updates could not be applied.
    APPLY_UPDATES_FAILED => apply_updates_failed(ref_: "ref");
    /// Updates are already being applied.
    APPLY_UPDATES_IN_PROGRESS => apply_updates_in_progress();
    /// The pool may not fetch updates from this address.
    BLOCKED_REPO_URL => blocked_repo_url(url: "url");
    /// There is already a repository for bundles of updates.
    BUNDLE_REPOSITORY_ALREADY_EXISTS => bundle_repository_already_exists(ref_: "ref");
    /// No repository for bundles of updates is enabled.
    BUNDLE_REPO_NOT_ENABLED => bundle_repo_not_enabled();
    /// The bundle of updates could not be taken in.
    BUNDLE_SYNC_FAILED => bundle_sync_failed();
    /// The bundle of updates could not be unpacked.
    BUNDLE_UNPACK_FAILED => bundle_unpack_failed(error: "error");
    /// The patch could not be fetched from the pool's master.
    CANNOT_FETCH_PATCH => cannot_fetch_patch(uuid: "uuid");
    /// The patch is not on the pool's master.
    CANNOT_FIND_PATCH => cannot_find_patch();
    /// The update is not on the pool's master.
    CANNOT_FIND_UPDATE => cannot_find_update();
    /// Updates cannot be fetched by themselves from the repositories that are enabled.
    CAN_NOT_PERIODIC_SYNC_UPDATES => can_not_periodic_sync_updates();
    /// Updates cannot be fetched from the repositories that are enabled.
    CAN_NOT_SYNC_UPDATES => can_not_sync_updates();
    /// The repositories are being changed.
    CONFIGURE_REPOSITORIES_IN_PROGRESS => configure_repositories_in_progress();
    /// The updates of the host could not be listed.
    GET_HOST_UPDATES_FAILED => get_host_updates_failed(ref_: "ref");
    /// The updates could not be listed.
    GET_UPDATES_FAILED => get_updates_failed();
    /// This is no address of a repository.
    INVALID_BASE_URL => invalid_base_url(url: "url");
    /// This is no path of a signing key.
    INVALID_GPGKEY_PATH => invalid_gpgkey_path(gpgkey_path: "gpgkey_path");
    /// The file is no patch.
    INVALID_PATCH => invalid_patch();
    /// The file is no patch; the log says what is wrong with it.
    INVALID_PATCH_WITH_LOG => invalid_patch_with_log(log: "log");
    /// The index of the repository cannot be read.
    INVALID_REPOMD_XML => invalid_repomd_xml();
    /// The list of domains that updates may come from is not valid.
    INVALID_REPOSITORY_DOMAIN_ALLOWLIST => invalid_repository_domain_allowlist(domains: "domains");
    /// The user name or password for the proxy is not valid.
    INVALID_REPOSITORY_PROXY_CREDENTIAL => invalid_repository_proxy_credential();
    /// This is no address of a proxy.
    INVALID_REPOSITORY_PROXY_URL => invalid_repository_proxy_url(url: "url");
    /// The file is no update.
    INVALID_UPDATE => invalid_update(info: "info");
    /// The description of the updates cannot be read.
    INVALID_UPDATEINFO_XML => invalid_updateinfo_xml();
    /// This is no day of the week; days go from 0 for Sunday to 6.
    INVALID_UPDATE_SYNC_DAY => invalid_update_sync_day(day: "day");
    /// More than one repository of updates is enabled.
    MULTIPLE_UPDATE_REPOSITORIES_ENABLED => multiple_update_repositories_enabled();
    /// No repository is configured.
    NO_REPOSITORIES_CONFIGURED => no_repositories_configured();
    /// No repository is enabled.
    NO_REPOSITORY_ENABLED => no_repository_enabled();
    /// The patch is already applied.
    PATCH_ALREADY_APPLIED => patch_already_applied(patch: "patch");
    /// The patch has already been uploaded.
    PATCH_ALREADY_EXISTS => patch_already_exists(uuid: "uuid");
    /// The patch could not be applied; its output says why.
    PATCH_APPLY_FAILED => patch_apply_failed(output: "output");
    /// The patch could not be applied, since files that an earlier patch kept stand in its way.
    PATCH_APPLY_FAILED_BACKUP_FILES_EXIST => patch_apply_failed_backup_files_exist(output: "output");
    /// The patch is applied and cannot be removed.
    PATCH_IS_APPLIED => patch_is_applied();
    /// The patch cannot be applied while the image of the guest tools is in a drive.
    PATCH_PRECHECK_FAILED_ISO_MOUNTED => patch_precheck_failed_iso_mounted(patch: "patch");
    /// The patch cannot be applied: the host has too little space.
    PATCH_PRECHECK_FAILED_OUT_OF_SPACE => patch_precheck_failed_out_of_space(patch: "patch", found_space: "found_space", required_required: "required_required");
    /// The patch cannot be applied: others have to be applied first.
    PATCH_PRECHECK_FAILED_PREREQUISITE_MISSING => patch_precheck_failed_prerequisite_missing(patch: "patch", prerequisite_patch_uuid_list: "prerequisite_patch_uuid_list");
    /// The patch cannot be applied: its check failed.
    PATCH_PRECHECK_FAILED_UNKNOWN_ERROR => patch_precheck_failed_unknown_error(patch: "patch", info: "info");
    /// The patch cannot be applied while machines run on the host.
    PATCH_PRECHECK_FAILED_VM_RUNNING => patch_precheck_failed_vm_running(patch: "patch");
    /// The patch cannot be applied: it is for another build.
    PATCH_PRECHECK_FAILED_WRONG_SERVER_BUILD => patch_precheck_failed_wrong_server_build(patch: "patch", found_build: "found_build", required_build: "required_build");
    /// The patch cannot be applied: it is for another version.
    PATCH_PRECHECK_FAILED_WRONG_SERVER_VERSION => patch_precheck_failed_wrong_server_version(patch: "patch", found_version: "found_version", required_version: "required_version");
    /// There is already a repository with these settings.
    REPOSITORY_ALREADY_EXISTS => repository_already_exists(ref_: "ref");
    /// The files of the repository could not be removed.
    REPOSITORY_CLEANUP_FAILED => repository_cleanup_failed();
    /// The repository is enabled and cannot be removed.
    REPOSITORY_IS_IN_USE => repository_is_in_use();
    /// The repository could not be fetched.
    REPOSYNC_FAILED => reposync_failed();
    /// A repository of this kind has to be the only one that is enabled.
    REPO_SHOULD_BE_SINGLE_ONE_ENABLED => repo_should_be_single_one_enabled();
    /// A bundle of updates is being taken in.
    SYNC_BUNDLE_IN_PROGRESS => sync_bundle_in_progress();
    /// Updates are being fetched.
    SYNC_UPDATES_IN_PROGRESS => sync_updates_in_progress();
    /// The time is too far in the future for the frequency that is set.
    TELEMETRY_NEXT_COLLECTION_TOO_LATE => telemetry_next_collection_too_late(timestamp: "timestamp");
    /// The set of updates has changed since it was looked at; look again.
    UPDATEINFO_HASH_MISMATCH => updateinfo_hash_mismatch();
    /// The update is already applied.
    UPDATE_ALREADY_APPLIED => update_already_applied(update: "update");
    /// The update is already applied to the pool.
    UPDATE_ALREADY_APPLIED_IN_POOL => update_already_applied_in_pool(update: "update");
    /// The update has already been uploaded.
    UPDATE_ALREADY_EXISTS => update_already_exists(uuid: "uuid");
    /// The update could not be applied; its output says why.
    UPDATE_APPLY_FAILED => update_apply_failed(output: "output");
    /// The update is applied and cannot be removed.
    UPDATE_IS_APPLIED => update_is_applied();
    /// The update could not be applied to these hosts.
    UPDATE_POOL_APPLY_FAILED => update_pool_apply_failed(hosts: "hosts");
    /// The update cannot be applied: one that it conflicts with is there.
    UPDATE_PRECHECK_FAILED_CONFLICT_PRESENT => update_precheck_failed_conflict_present(update: "update", conflict_update: "conflict_update");
    /// The update cannot be applied: the key that it is signed with is not known.
    UPDATE_PRECHECK_FAILED_GPGKEY_NOT_IMPORTED => update_precheck_failed_gpgkey_not_imported(update: "update");
    /// The update cannot be applied: the host has too little space.
    UPDATE_PRECHECK_FAILED_OUT_OF_SPACE => update_precheck_failed_out_of_space(update: "update", available_space: "available_space", required_space: "required_space");
    /// The update cannot be applied: another has to be applied first.
    UPDATE_PRECHECK_FAILED_PREREQUISITE_MISSING => update_precheck_failed_prerequisite_missing(update: "update", prerequisite_update: "prerequisite_update");
    /// The update cannot be applied: its check failed.
    UPDATE_PRECHECK_FAILED_UNKNOWN_ERROR => update_precheck_failed_unknown_error(update: "update", info: "info");
    /// The update cannot be applied: it is for another version.
    UPDATE_PRECHECK_FAILED_WRONG_SERVER_VERSION => update_precheck_failed_wrong_server_version(update: "update", installed_version: "installed_version", required_version: "required_version");
    /// The other pool's master, which updates are to come from, cannot be reached.
    UPDATE_SYNCING_REMOTE_POOL_COORDINATOR_CONNECTION_FAILED => update_syncing_remote_pool_coordinator_connection_failed();
    /// The other pool's master, which updates are to come from, refused.
    UPDATE_SYNCING_REMOTE_POOL_COORDINATOR_SERVICE_FAILED => update_syncing_remote_pool_coordinator_service_failed();
}
