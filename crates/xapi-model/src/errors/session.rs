//! Errors about sessions, roles and users, tasks, events, references, values, licences: what any call may answer.

use std::fmt;

use super::{ApiError, ErrorDesc};

errors! {
    /// Activation while not free.
    ACTIVATION_WHILE_NOT_FREE => activation_while_not_free();
    /// Auth already enabled.
    AUTH_ALREADY_ENABLED => auth_already_enabled(current_auth_type: "current auth_type", current_service_name: "current service_name");
    /// Auth disable failed.
    AUTH_DISABLE_FAILED => auth_disable_failed(message: "message");
    /// Auth enable failed.
    AUTH_ENABLE_FAILED => auth_enable_failed(message: "message");
    /// Auth invalid trusted certs.
    AUTH_INVALID_TRUSTED_CERTS => auth_invalid_trusted_certs(message: "message");
    /// Auth is disabled.
    AUTH_IS_DISABLED => auth_is_disabled();
    /// Auth no trusted certs.
    AUTH_NO_TRUSTED_CERTS => auth_no_trusted_certs(message: "message");
    /// Auth service error.
    AUTH_SERVICE_ERROR => auth_service_error(message: "message");
    /// Auth setup tls connection.
    AUTH_SETUP_TLS_CONNECTION => auth_setup_tls_connection(message: "message");
    /// Auth set ldaps failed.
    AUTH_SET_LDAPS_FAILED => auth_set_ldaps_failed(host: "host", message: "message");
    /// Auth unknown type.
    AUTH_UNKNOWN_TYPE => auth_unknown_type(type_: "type");
    /// Change password rejected.
    CHANGE_PASSWORD_REJECTED => change_password_rejected(msg: "msg");
    /// Could not import database.
    COULD_NOT_IMPORT_DATABASE => could_not_import_database(reason: "reason");
    /// Db uniqueness constraint violation.
    DB_UNIQUENESS_CONSTRAINT_VIOLATION => db_uniqueness_constraint_violation(table: "table", field: "field", value: "value");
    /// Events lost.
    EVENTS_LOST => events_lost();
    /// Event from token parse failure.
    EVENT_FROM_TOKEN_PARSE_FAILURE => event_from_token_parse_failure(token: "token");
    /// Event subscription parse failure.
    EVENT_SUBSCRIPTION_PARSE_FAILURE => event_subscription_parse_failure(subscription: "subscription");
    /// Feature restricted.
    FEATURE_RESTRICTED => feature_restricted();
    /// Field type error.
    FIELD_TYPE_ERROR => field_type_error(field: "field");
    /// Handle invalid.
    HANDLE_INVALID => handle_invalid(class: "class", handle: "handle");
    /// Internal error.
    INTERNAL_ERROR => internal_error(message: "message");
    /// Invalid edition.
    INVALID_EDITION => invalid_edition(edition: "edition");
    /// Invalid feature string.
    INVALID_FEATURE_STRING => invalid_feature_string(details: "details");
    /// Invalid value.
    INVALID_VALUE => invalid_value(field: "field", value: "value");
    /// Licence restriction.
    LICENCE_RESTRICTION => licence_restriction(feature: "feature");
    /// License cannot downgrade while in pool.
    LICENSE_CANNOT_DOWNGRADE_WHILE_IN_POOL => license_cannot_downgrade_while_in_pool();
    /// License checkout error.
    LICENSE_CHECKOUT_ERROR => license_checkout_error(code: "code", message: "message");
    /// License does not support pooling.
    LICENSE_DOES_NOT_SUPPORT_POOLING => license_does_not_support_pooling();
    /// License does not support xha.
    LICENSE_DOES_NOT_SUPPORT_XHA => license_does_not_support_xha();
    /// License expired.
    LICENSE_EXPIRED => license_expired();
    /// License file deprecated.
    LICENSE_FILE_DEPRECATED => license_file_deprecated();
    /// License host pool mismatch.
    LICENSE_HOST_POOL_MISMATCH => license_host_pool_mismatch();
    /// License processing error.
    LICENSE_PROCESSING_ERROR => license_processing_error();
    /// Map duplicate key.
    MAP_DUPLICATE_KEY => map_duplicate_key(type_: "type", param_name: "param_name", uuid: "uuid", key: "key");
    /// Message deprecated.
    MESSAGE_DEPRECATED => message_deprecated();
    /// Message method unknown.
    MESSAGE_METHOD_UNKNOWN => message_method_unknown(method: "method");
    /// Message parameter count mismatch.
    MESSAGE_PARAMETER_COUNT_MISMATCH => message_parameter_count_mismatch(method: "method", expected: "expected", received: "received");
    /// Message removed.
    MESSAGE_REMOVED => message_removed();
    /// Missing connection details.
    MISSING_CONNECTION_DETAILS => missing_connection_details();
    /// Not implemented.
    NOT_IMPLEMENTED => not_implemented(function: "function");
    /// Object nolonger exists.
    OBJECT_NOLONGER_EXISTS => object_nolonger_exists();
    /// Operation blocked.
    OPERATION_BLOCKED => operation_blocked(ref_: "ref", code: "code");
    /// Operation not allowed.
    OPERATION_NOT_ALLOWED => operation_not_allowed(reason: "reason");
    /// Operation partially failed.
    OPERATION_PARTIALLY_FAILED => operation_partially_failed(operation: "operation");
    /// Other operation in progress.
    OTHER_OPERATION_IN_PROGRESS => other_operation_in_progress(class: "class", object: "object", operation_type: "operation_type", operation_ref: "operation_ref");
    /// Permission denied.
    PERMISSION_DENIED => permission_denied(message: "message");
    /// Rbac permission denied.
    RBAC_PERMISSION_DENIED => rbac_permission_denied(permission: "permission", message: "message");
    /// Role already exists.
    ROLE_ALREADY_EXISTS => role_already_exists();
    /// Role not found.
    ROLE_NOT_FOUND => role_not_found();
    /// Session authentication failed.
    SESSION_AUTHENTICATION_FAILED => session_authentication_failed(username: "username", message: "message");
    /// Session authorization failed.
    SESSION_AUTHORIZATION_FAILED => session_authorization_failed(username: "username", msg: "msg");
    /// Session invalid.
    SESSION_INVALID => session_invalid(handle: "handle");
    /// Session not registered.
    SESSION_NOT_REGISTERED => session_not_registered(handle: "handle");
    /// Subject already exists.
    SUBJECT_ALREADY_EXISTS => subject_already_exists();
    /// Subject cannot be resolved.
    SUBJECT_CANNOT_BE_RESOLVED => subject_cannot_be_resolved();
    /// Task cancelled.
    TASK_CANCELLED => task_cancelled(task: "task");
    /// Too busy.
    TOO_BUSY => too_busy();
    /// Too many groups.
    TOO_MANY_GROUPS => too_many_groups();
    /// Too many pending tasks.
    TOO_MANY_PENDING_TASKS => too_many_pending_tasks();
    /// User is not local superuser.
    USER_IS_NOT_LOCAL_SUPERUSER => user_is_not_local_superuser(msg: "msg");
    /// Uuid invalid.
    UUID_INVALID => uuid_invalid(type_: "type", uuid: "uuid");
    /// Value not supported.
    VALUE_NOT_SUPPORTED => value_not_supported(field: "field", value: "value", reason: "reason");
    /// Xapi hook failed.
    XAPI_HOOK_FAILED => xapi_hook_failed(hook_name: "hook_name", reason: "reason", stdout: "stdout", exit_code: "exit_code");
    /// Xenapi missing plugin.
    XENAPI_MISSING_PLUGIN => xenapi_missing_plugin(name: "name");
    /// Xenapi plugin failure.
    XENAPI_PLUGIN_FAILURE => xenapi_plugin_failure(status: "status", stdout: "stdout", stderr: "stderr");
    /// Xmlrpc unmarshal failure.
    XMLRPC_UNMARSHAL_FAILURE => xmlrpc_unmarshal_failure(expected: "expected", received: "received");
    /// Auth disable failed permission denied.
    auth_disable_failed_permission_denied => auth_disable_failed_permission_denied(message: "message");
    /// Auth disable failed wrong credentials.
    auth_disable_failed_wrong_credentials => auth_disable_failed_wrong_credentials(message: "message");
    /// Auth enable failed domain lookup failed.
    auth_enable_failed_domain_lookup_failed => auth_enable_failed_domain_lookup_failed(message: "message");
    /// Auth enable failed invalid account.
    auth_enable_failed_invalid_account => auth_enable_failed_invalid_account(message: "message");
    /// Auth enable failed invalid ou.
    auth_enable_failed_invalid_ou => auth_enable_failed_invalid_ou(message: "message");
    /// Auth enable failed invalid trusted certs.
    auth_enable_failed_invalid_trusted_certs => auth_enable_failed_invalid_trusted_certs(message: "message");
    /// Auth enable failed no trusted certs.
    auth_enable_failed_no_trusted_certs => auth_enable_failed_no_trusted_certs(message: "message");
    /// Auth enable failed permission denied.
    auth_enable_failed_permission_denied => auth_enable_failed_permission_denied(message: "message");
    /// Auth enable failed unavailable.
    auth_enable_failed_unavailable => auth_enable_failed_unavailable(message: "message");
    /// Auth enable failed wrong credentials.
    auth_enable_failed_wrong_credentials => auth_enable_failed_wrong_credentials(message: "message");
}
