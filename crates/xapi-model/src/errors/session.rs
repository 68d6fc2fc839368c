//! Errors about sessions, roles and users, tasks, events, references, values, licences: what any call may answer.

use std::fmt;

use super::{ApiError, ErrorDesc};

errors! {
    /// The activation key cannot be used, since the edition in use is not the free one.
    ACTIVATION_WHILE_NOT_FREE => activation_while_not_free();
    /// External authentication is already enabled on this host.
    AUTH_ALREADY_ENABLED => auth_already_enabled(current_auth_type: "current auth_type", current_service_name: "current service_name");
    /// External authentication could not be disabled.
    AUTH_DISABLE_FAILED => auth_disable_failed(message: "message");
    /// External authentication could not be enabled.
    AUTH_ENABLE_FAILED => auth_enable_failed(message: "message");
    /// The certificates that were installed for the directory service are not usable.
    AUTH_INVALID_TRUSTED_CERTS => auth_invalid_trusted_certs(message: "message");
    /// External authentication is not enabled.
    AUTH_IS_DISABLED => auth_is_disabled();
    /// No certificate is installed to check the directory service against.
    AUTH_NO_TRUSTED_CERTS => auth_no_trusted_certs(message: "message");
    /// The directory service could not answer.
    AUTH_SERVICE_ERROR => auth_service_error(message: "message");
    /// No encrypted connection to the directory service could be made.
    AUTH_SETUP_TLS_CONNECTION => auth_setup_tls_connection(message: "message");
    /// The host could not change between plain and encrypted LDAP.
    AUTH_SET_LDAPS_FAILED => auth_set_ldaps_failed(host: "host", message: "message");
    /// There is no external authentication of this type.
    AUTH_UNKNOWN_TYPE => auth_unknown_type(type_: "type");
    /// The system refused the new password.
    CHANGE_PASSWORD_REJECTED => change_password_rejected(msg: "msg");
    /// The database could not be read.
    COULD_NOT_IMPORT_DATABASE => could_not_import_database(reason: "reason");
    /// Another object already has this value where values must differ.
    DB_UNIQUENESS_CONSTRAINT_VIOLATION => db_uniqueness_constraint_violation(table: "table", field: "field", value: "value");
    /// The client fell too far behind, and events were dropped; it has to read everything again.
    EVENTS_LOST => events_lost();
    /// This is no token that event.from has given out.
    EVENT_FROM_TOKEN_PARSE_FAILURE => event_from_token_parse_failure(token: "token");
    /// This subscription could not be understood; give `*`, a class, or class/reference.
    EVENT_SUBSCRIPTION_PARSE_FAILURE => event_subscription_parse_failure(subscription: "subscription");
    /// The licence of this host does not include the feature.
    FEATURE_RESTRICTED => feature_restricted();
    /// The value of the field has the wrong type.
    FIELD_TYPE_ERROR => field_type_error(field: "field");
    /// There is no object of this class with this reference; it may have been destroyed.
    HANDLE_INVALID => handle_invalid(class: "class", handle: "handle");
    /// Something went wrong inside the server; its log tells more.
    INTERNAL_ERROR => internal_error(message: "message");
    /// There is no edition of this name.
    INVALID_EDITION => invalid_edition(edition: "edition");
    /// The text does not describe CPU features.
    INVALID_FEATURE_STRING => invalid_feature_string(details: "details");
    /// This value is not allowed here.
    INVALID_VALUE => invalid_value(field: "field", value: "value");
    /// The licence of the pool does not include the feature.
    LICENCE_RESTRICTION => licence_restriction(feature: "feature");
    /// The edition cannot be lowered while the host is in a pool.
    LICENSE_CANNOT_DOWNGRADE_WHILE_IN_POOL => license_cannot_downgrade_while_in_pool();
    /// The licence server gave out no licence.
    LICENSE_CHECKOUT_ERROR => license_checkout_error(code: "code", message: "message");
    /// The licence does not allow pools.
    LICENSE_DOES_NOT_SUPPORT_POOLING => license_does_not_support_pooling();
    /// The licence does not allow high availability.
    LICENSE_DOES_NOT_SUPPORT_XHA => license_does_not_support_xha();
    /// The licence has expired.
    LICENSE_EXPIRED => license_expired();
    /// The licence file is of a form that is no longer used.
    LICENSE_FILE_DEPRECATED => license_file_deprecated();
    /// The licences of the host and of the pool do not fit together.
    LICENSE_HOST_POOL_MISMATCH => license_host_pool_mismatch();
    /// The licence could not be read or kept.
    LICENSE_PROCESSING_ERROR => license_processing_error();
    /// The map already has this key; remove it first.
    MAP_DUPLICATE_KEY => map_duplicate_key(type_: "type", param_name: "param_name", uuid: "uuid", key: "key");
    /// This call is no longer to be used.
    MESSAGE_DEPRECATED => message_deprecated();
    /// There is no call of this name.
    MESSAGE_METHOD_UNKNOWN => message_method_unknown(method: "method");
    /// The call was given another number of parameters than it takes; the session is not counted.
    MESSAGE_PARAMETER_COUNT_MISMATCH => message_parameter_count_mismatch(method: "method", expected: "expected", received: "received");
    /// This call was removed from the API.
    MESSAGE_REMOVED => message_removed();
    /// The licence server's address or port is missing.
    MISSING_CONNECTION_DETAILS => missing_connection_details();
    /// This server does not carry out this call.
    NOT_IMPLEMENTED => not_implemented(function: "function");
    /// The object is gone.
    OBJECT_NOLONGER_EXISTS => object_nolonger_exists();
    /// An administrator has blocked this operation on the object.
    OPERATION_BLOCKED => operation_blocked(ref_: "ref", code: "code");
    /// This cannot be done now; the reason says why.
    OPERATION_NOT_ALLOWED => operation_not_allowed(reason: "reason");
    /// The operation succeeded on some objects and failed on others.
    OPERATION_PARTIALLY_FAILED => operation_partially_failed(operation: "operation");
    /// Something else is being done to the object; try again when it is finished.
    OTHER_OPERATION_IN_PROGRESS => other_operation_in_progress(class: "class", object: "object", operation_type: "operation_type", operation_ref: "operation_ref");
    /// The caller may not do this.
    PERMISSION_DENIED => permission_denied(message: "message");
    /// The caller's role does not include this call; the message names the roles that do.
    RBAC_PERMISSION_DENIED => rbac_permission_denied(permission: "permission", message: "message");
    /// The user already has this role.
    ROLE_ALREADY_EXISTS => role_already_exists();
    /// The user does not have this role.
    ROLE_NOT_FOUND => role_not_found();
    /// The user name or the password is wrong.
    SESSION_AUTHENTICATION_FAILED => session_authentication_failed(username: "username", message: "message");
    /// The user is known to the directory service and has no access to this pool.
    SESSION_AUTHORIZATION_FAILED => session_authorization_failed(username: "username", msg: "msg");
    /// The session has ended or never was; log in again.
    SESSION_INVALID => session_invalid(handle: "handle");
    /// The session has not registered for events.
    SESSION_NOT_REGISTERED => session_not_registered(handle: "handle");
    /// This user or group has already been added.
    SUBJECT_ALREADY_EXISTS => subject_already_exists();
    /// The directory service does not know this user or group.
    SUBJECT_CANNOT_BE_RESOLVED => subject_cannot_be_resolved();
    /// The task was cancelled.
    TASK_CANCELLED => task_cancelled(task: "task");
    /// The server is too busy to take this on; try again later.
    TOO_BUSY => too_busy();
    /// A virtual machine can be in one group only.
    TOO_MANY_GROUPS => too_many_groups();
    /// Too many tasks are waiting; try again later.
    TOO_MANY_PENDING_TASKS => too_many_pending_tasks();
    /// Only the local superuser may do this.
    USER_IS_NOT_LOCAL_SUPERUSER => user_is_not_local_superuser(msg: "msg");
    /// There is no object of this class with this UUID.
    UUID_INVALID => uuid_invalid(type_: "type", uuid: "uuid");
    /// This value is understood and not supported; the reason says why.
    VALUE_NOT_SUPPORTED => value_not_supported(field: "field", value: "value", reason: "reason");
    /// A script that is called at this point failed.
    XAPI_HOOK_FAILED => xapi_hook_failed(hook_name: "hook_name", reason: "reason", stdout: "stdout", exit_code: "exit_code");
    /// The host has no plugin of this name.
    XENAPI_MISSING_PLUGIN => xenapi_missing_plugin(name: "name");
    /// The plugin failed.
    XENAPI_PLUGIN_FAILURE => xenapi_plugin_failure(status: "status", stdout: "stdout", stderr: "stderr");
    /// The request could not be read; a value has another type than was expected.
    XMLRPC_UNMARSHAL_FAILURE => xmlrpc_unmarshal_failure(expected: "expected", received: "received");
    /// External authentication could not be disabled: the directory service refused permission.
    auth_disable_failed_permission_denied => auth_disable_failed_permission_denied(message: "message");
    /// External authentication could not be disabled: the directory service did not accept the user name or password.
    auth_disable_failed_wrong_credentials => auth_disable_failed_wrong_credentials(message: "message");
    /// External authentication could not be enabled: the domain's servers could not be found.
    auth_enable_failed_domain_lookup_failed => auth_enable_failed_domain_lookup_failed(message: "message");
    /// External authentication could not be enabled: the account is not valid.
    auth_enable_failed_invalid_account => auth_enable_failed_invalid_account(message: "message");
    /// External authentication could not be enabled: there is no such organisational unit.
    auth_enable_failed_invalid_ou => auth_enable_failed_invalid_ou(message: "message");
    /// External authentication could not be enabled: the installed certificates are not usable.
    auth_enable_failed_invalid_trusted_certs => auth_enable_failed_invalid_trusted_certs(message: "message");
    /// External authentication could not be enabled: no certificate is installed to check the directory service against.
    auth_enable_failed_no_trusted_certs => auth_enable_failed_no_trusted_certs(message: "message");
    /// External authentication could not be enabled: the directory service refused permission.
    auth_enable_failed_permission_denied => auth_enable_failed_permission_denied(message: "message");
    /// External authentication could not be enabled: the directory service did not answer.
    auth_enable_failed_unavailable => auth_enable_failed_unavailable(message: "message");
    /// External authentication could not be enabled: the directory service did not accept the user name or password.
    auth_enable_failed_wrong_credentials => auth_enable_failed_wrong_credentials(message: "message");
}
