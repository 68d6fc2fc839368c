//! The handlers of declared messages, one module a class. A handler checks, in the order of the facts, and edits a
//! draft; it performs no effect itself.

pub mod bond;
pub mod certificate;
pub mod directory;
pub mod evacuation;
pub mod host;
pub(crate) mod host_network;
pub mod message;
pub mod network;
pub mod pif;
pub mod plug;
pub mod plugin;
pub mod pool;
pub(crate) mod position;
pub mod tunnel;
pub mod vif;
pub mod vlan;
pub mod vm;

use std::collections::HashMap;

use xapi_model::{
    auth as auth_calls, bond as bond_calls, event as event_calls, host as host_calls,
    message as message_calls, pif as pif_calls, pool as pool_calls,
};
use xapi_model::{
    network as network_calls, role as role_calls, session as session_calls,
    subject as subject_calls, task as task_calls, tunnel as tunnel_calls, vif as vif_calls,
    vlan as vlan_calls, vm as vm_calls,
};

use crate::dispatch::{Handler, handler};
use crate::pool::{membership, rotation, transition};
use crate::session::{self, login};
use crate::{events, roles, task};

/// Every message that has a handler.
pub fn handlers() -> HashMap<&'static str, Handler> {
    let declared = [
        handler::<session_calls::LoginWithPassword>(login::login_with_password),
        handler::<session_calls::SlaveLogin>(login::slave_login),
        handler::<session_calls::SlaveLocalLogin>(login::slave_local_login),
        handler::<session_calls::SlaveLocalLoginWithPassword>(
            login::slave_local_login_with_password,
        ),
        handler::<session_calls::Logout>(session::logout),
        handler::<session_calls::LocalLogout>(session::local_logout),
        handler::<session_calls::ChangePassword>(session::change_password),
        handler::<session_calls::LogoutSubjectIdentifier>(session::logout_subject_identifier),
        handler::<session_calls::GetAllSubjectIdentifiers>(session::get_all_subject_identifiers),
        handler::<role_calls::GetPermissionsNameLabel>(roles::get_permissions_name_label),
        handler::<role_calls::GetByPermissionNameLabel>(roles::get_by_permission_name_label),
        handler::<auth_calls::GetSubjectIdentifier>(directory::get_subject_identifier),
        handler::<auth_calls::GetSubjectInformationFromIdentifier>(
            directory::get_subject_information,
        ),
        handler::<auth_calls::GetGroupMembership>(directory::get_group_membership),
        handler::<subject_calls::AddToRoles>(directory::add_to_roles),
        handler::<subject_calls::RemoveFromRoles>(directory::remove_from_roles),
        handler::<pool_calls::EnableExternalAuth>(directory::enable_in_pool),
        handler::<pool_calls::DisableExternalAuth>(directory::disable_in_pool),
        handler::<host_calls::EnableExternalAuth>(directory::enable_on_host),
        handler::<host_calls::DisableExternalAuth>(directory::disable_on_host),
        handler::<bond_calls::Create>(bond::create),
        handler::<bond_calls::Destroy>(bond::destroy),
        handler::<bond_calls::SetMode>(bond::set_mode),
        handler::<bond_calls::SetProperty>(bond::set_property),
        handler::<pif_calls::Scan>(pif::scan),
        handler::<pif_calls::ScanBios>(position::scan_bios),
        handler::<pif_calls::Introduce>(pif::introduce),
        handler::<pif_calls::Forget>(pif::forget),
        handler::<pif_calls::Plug>(plug::plug),
        handler::<pif_calls::Unplug>(plug::unplug),
        handler::<pif_calls::ReconfigureIp>(pif::reconfigure_ip),
        handler::<pif_calls::ReconfigureIpv6>(pif::reconfigure_ipv6),
        handler::<pif_calls::SetPrimaryAddressType>(pif::set_primary_address_type),
        handler::<pif_calls::SetDisallowUnplug>(pif::set_disallow_unplug),
        handler::<pif_calls::SetProperty>(pif::set_property),
        handler::<pif_calls::CreateVlan>(vlan::create_on_device),
        handler::<pif_calls::Destroy>(vlan::destroy_by_pif),
        handler::<tunnel_calls::Create>(tunnel::create),
        handler::<tunnel_calls::Destroy>(tunnel::destroy),
        handler::<vlan_calls::Create>(vlan::create),
        handler::<vlan_calls::Destroy>(vlan::destroy),
        handler::<pool_calls::CreateVlan>(vlan::create_in_pool),
        handler::<pool_calls::CreateVlanFromPif>(vlan::create_from_pif),
        handler::<pool_calls::ManagementReconfigure>(pool::management_reconfigure),
        handler::<pool_calls::SetIgmpSnoopingEnabled>(pool::set_igmp_snooping_enabled),
        handler::<network_calls::AddPurpose>(network::add_purpose),
        handler::<network_calls::RemovePurpose>(network::remove_purpose),
        handler::<network_calls::SetDefaultLockingMode>(network::set_default_locking_mode),
        handler::<host_calls::ManagementReconfigure>(host::management_reconfigure),
        handler::<host_calls::ResetNetworking>(host::reset_networking),
        handler::<host_calls::ManagementDisable>(host::management_disable),
        handler::<host_calls::LocalManagementReconfigure>(host::local_management_reconfigure),
        handler::<host_calls::EmergencyHaDisable>(host::emergency_ha_disable),
        handler::<host_calls::GetManagementInterface>(host::get_management_interface),
        handler::<host_calls::GetServertime>(host::get_servertime),
        handler::<host_calls::SignalNetworkingChange>(host::signal_networking_change),
        handler::<host_calls::SetHostnameLive>(host::set_hostname_live),
        handler::<host_calls::SetNtpMode>(host::set_ntp_mode),
        handler::<host_calls::Enable>(host::enable),
        handler::<host_calls::Disable>(host::disable),
        handler::<host_calls::Destroy>(host::destroy),
        handler::<host_calls::Evacuate>(evacuation::evacuate),
        handler::<host_calls::AssertCanEvacuate>(evacuation::assert_can_evacuate),
        handler::<host_calls::GetVmsWhichPreventEvacuation>(
            evacuation::get_vms_which_prevent_evacuation,
        ),
        handler::<host_calls::GetTrackedUserAgents>(host::get_tracked_user_agents),
        handler::<host_calls::CallPlugin>(plugin::call_plugin),
        handler::<vm_calls::GetAllowedVifDevices>(vm::get_allowed_vif_devices),
        handler::<vm_calls::GetAllowedVbdDevices>(vm::get_allowed_vbd_devices),
        handler::<vif_calls::SetLockingMode>(vif::set_locking_mode),
        handler::<vif_calls::SetIpv4Allowed>(vif::set_ipv4_allowed),
        handler::<vif_calls::AddIpv4Allowed>(vif::add_ipv4_allowed),
        handler::<vif_calls::RemoveIpv4Allowed>(vif::remove_ipv4_allowed),
        handler::<vif_calls::SetIpv6Allowed>(vif::set_ipv6_allowed),
        handler::<vif_calls::AddIpv6Allowed>(vif::add_ipv6_allowed),
        handler::<vif_calls::RemoveIpv6Allowed>(vif::remove_ipv6_allowed),
        handler::<vm_calls::SetOtherConfig>(vm::settings::set_other_config),
        handler::<vm_calls::AddToOtherConfig>(vm::settings::add_to_other_config),
        handler::<vm_calls::RemoveFromOtherConfig>(vm::settings::remove_from_other_config),
        handler::<vm_calls::SetPlatform>(vm::settings::set_platform),
        handler::<vm_calls::AddToPlatform>(vm::settings::add_to_platform),
        handler::<vm_calls::RemoveFromPlatform>(vm::settings::remove_from_platform),
        handler::<vm_calls::SetBlockedOperations>(vm::settings::set_blocked_operations),
        handler::<vm_calls::AddToBlockedOperations>(vm::settings::add_to_blocked_operations),
        handler::<vm_calls::RemoveFromBlockedOperations>(
            vm::settings::remove_from_blocked_operations,
        ),
        handler::<vm_calls::SetActionsAfterCrash>(vm::settings::set_actions_after_crash),
        handler::<vm_calls::SetOrder>(vm::settings::set_order),
        handler::<vm_calls::SetStartDelay>(vm::settings::set_start_delay),
        handler::<vm_calls::SetShutdownDelay>(vm::settings::set_shutdown_delay),
        handler::<vm_calls::SetHvmBootPolicy>(vm::settings::set_hvm_boot_policy),
        handler::<vm_calls::SetDomainType>(vm::settings::set_domain_type),
        handler::<vm_calls::SetVCPUsMax>(vm::settings::set_vcpus_max),
        handler::<vm_calls::SetVCPUsAtStartup>(vm::settings::set_vcpus_at_startup),
        handler::<vm_calls::SetMemory>(vm::settings::set_memory),
        handler::<vm_calls::SetMemoryLimits>(vm::settings::set_memory_limits),
        handler::<vm_calls::SetMemoryStaticRange>(vm::settings::set_memory_static_range),
        handler::<vm_calls::SetMemoryStaticMin>(vm::settings::set_memory_static_min),
        handler::<vm_calls::SetMemoryStaticMax>(vm::settings::set_memory_static_max),
        handler::<vm_calls::SetMemoryDynamicRange>(vm::settings::set_memory_dynamic_range),
        handler::<vm_calls::SetMemoryDynamicMin>(vm::settings::set_memory_dynamic_min),
        handler::<vm_calls::SetMemoryDynamicMax>(vm::settings::set_memory_dynamic_max),
        handler::<vm_calls::AssertOperationValid>(vm::operations::assert_operation_valid),
        handler::<vm_calls::UpdateAllowedOperations>(vm::operations::update_allowed_operations),
        handler::<vm_calls::AssertCanBootHere>(vm::placement::assert_can_boot_here),
        handler::<vm_calls::GetPossibleHosts>(vm::placement::get_possible_hosts),
        handler::<vif_calls::Plug>(vif::hotplug::plug),
        handler::<vif_calls::Unplug>(vif::hotplug::unplug),
        handler::<vif_calls::UnplugForce>(vif::hotplug::unplug_force),
        handler::<vif_calls::Move>(vif::hotplug::move_),
        handler::<vm_calls::Start>(vm::power::start),
        handler::<vm_calls::StartOn>(vm::power::start_on),
        handler::<vm_calls::Resume>(vm::power::resume),
        handler::<vm_calls::ResumeOn>(vm::power::resume_on),
        handler::<vm_calls::CleanShutdown>(vm::power::clean_shutdown),
        handler::<vm_calls::HardShutdown>(vm::power::hard_shutdown),
        handler::<vm_calls::Shutdown>(vm::power::shutdown),
        handler::<vm_calls::CleanReboot>(vm::power::clean_reboot),
        handler::<vm_calls::HardReboot>(vm::power::hard_reboot),
        handler::<vm_calls::Pause>(vm::power::pause),
        handler::<vm_calls::Unpause>(vm::power::unpause),
        handler::<vm_calls::Suspend>(vm::power::suspend),
        handler::<vm_calls::PowerStateReset>(vm::power::power_state_reset),
        handler::<host_calls::ListMethods>(host::list_methods),
        handler::<pool_calls::SyncDatabase>(transition::sync_database),
        handler::<pool_calls::InitialAuth>(transition::initial_auth),
        handler::<pool_calls::Hello>(transition::hello),
        handler::<pool_calls::IsSlave>(transition::is_slave),
        handler::<host_calls::IsInEmergencyMode>(transition::is_in_emergency_mode),
        handler::<pool_calls::EmergencyTransitionToMaster>(
            transition::emergency_transition_to_master,
        ),
        handler::<pool_calls::EmergencyResetMaster>(transition::emergency_reset_master),
        handler::<pool_calls::RecoverSlaves>(transition::recover_slaves),
        handler::<pool_calls::DesignateNewMaster>(transition::designate_new_master),
        handler::<pool_calls::RotateSecret>(rotation::rotate_secret),
        handler::<pool_calls::Join>(membership::join),
        handler::<pool_calls::JoinForce>(membership::join_force),
        handler::<pool_calls::Eject>(membership::eject),
        handler::<event_calls::GetCurrentId>(events::get_current_id),
        handler::<event_calls::Inject>(events::inject),
        handler::<event_calls::Register>(events::register),
        handler::<event_calls::Unregister>(events::unregister),
        handler::<host_calls::InstallServerCertificate>(certificate::install_server_certificate),
        handler::<host_calls::ResetServerCertificate>(certificate::reset_server_certificate),
        handler::<host_calls::EmergencyResetServerCertificate>(
            certificate::emergency_reset_server_certificate,
        ),
        handler::<host_calls::RefreshServerCertificate>(certificate::refresh_server_certificate),
        handler::<host_calls::GetServerCertificate>(certificate::get_server_certificate),
        handler::<pool_calls::InstallCaCertificate>(certificate::install_ca_certificate),
        handler::<pool_calls::UninstallCaCertificate>(certificate::uninstall_ca_certificate),
        handler::<pool_calls::CertificateInstall>(certificate::certificate_install),
        handler::<pool_calls::CertificateUninstall>(certificate::certificate_uninstall),
        handler::<pool_calls::CertificateList>(certificate::certificate_list),
        handler::<pool_calls::CertificateSync>(certificate::certificate_sync),
        handler::<pool_calls::CrlInstall>(certificate::crl_install),
        handler::<pool_calls::CrlUninstall>(certificate::crl_uninstall),
        handler::<pool_calls::CrlList>(certificate::crl_list),
        handler::<pool_calls::InstallTrustedCertificate>(certificate::install_trusted_certificate),
        handler::<pool_calls::UninstallTrustedCertificate>(
            certificate::uninstall_trusted_certificate,
        ),
        handler::<task_calls::Create>(task::create),
        handler::<task_calls::Cancel>(task::cancel),
        handler::<task_calls::Destroy>(task::destroy),
        handler::<task_calls::SetStatus>(task::set_status),
        handler::<task_calls::SetProgress>(task::set_progress),
        handler::<task_calls::SetResult>(task::set_result),
        handler::<task_calls::SetErrorInfo>(task::set_error_info),
        handler::<task_calls::SetOtherConfig>(task::set_other_config),
        handler::<task_calls::AddToOtherConfig>(task::add_to_other_config),
        handler::<task_calls::RemoveFromOtherConfig>(task::remove_from_other_config),
        handler::<message_calls::Create>(message::create),
        handler::<message_calls::Destroy>(message::destroy),
        handler::<message_calls::DestroyMany>(message::destroy_many),
        handler::<message_calls::Get>(message::get),
        handler::<message_calls::GetAll>(message::get_all),
        handler::<message_calls::GetAllRecords>(message::get_all_records),
        handler::<message_calls::GetAllRecordsWhere>(message::get_all_records_where),
        handler::<message_calls::GetByUuid>(message::get_by_uuid),
        handler::<message_calls::GetRecord>(message::get_record),
        handler::<message_calls::GetSince>(message::get_since),
    ];
    // Messages that do more than read or write a row, and results without a type.
    let implied: [(&'static str, Handler); 12] = [
        ("event.from", Box::new(events::from)),
        ("event.next", Box::new(events::next)),
        ("network.create", Box::new(network::create)),
        ("network.destroy", Box::new(network::destroy)),
        ("VIF.create", Box::new(vif::create)),
        ("VIF.destroy", Box::new(vif::destroy)),
        ("VM.create", Box::new(vm::record::create)),
        ("VM.destroy", Box::new(vm::record::destroy)),
        (
            "VM.set_is_a_template",
            Box::new(vm::record::set_is_a_template),
        ),
        ("subject.create", Box::new(directory::create_subject)),
        ("session.get_record", Box::new(session::get_record)),
        (
            "session.get_rbac_permissions",
            Box::new(session::get_rbac_permissions),
        ),
    ];
    declared.into_iter().chain(implied).collect()
}
