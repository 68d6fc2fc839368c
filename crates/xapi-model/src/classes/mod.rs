//! The classes, one module each: the class, its enumerations and its declared messages.
//!
//! The calls stay in their modules (`bond::Create`); classes and enumerations stand here.

use crate::desc::ClassDesc;
// What every declaration needs.
use crate::{AnyRecord, Call, Class, DateTime, Enum, EventBatch, Many, Ref};

/// Names every class: one left out does not compile.
macro_rules! model {
    ($($module:ident: $class:ident $(, $enum:ident)*;)*) => {
        $(
            pub mod $module;
            pub use $module::{$class $(, $enum)*};
        )*
        /// All classes, in the order of the published model.
        pub const MODEL: &[&ClassDesc] = &[$($class::DESC),*];
    };
}

model! {
    session: Session;
    auth: Auth;
    subject: Subject;
    role: Role;
    task: Task, TaskAllowedOperations, TaskStatusType;
    event: Event, EventOperation;
    pool: Pool, PoolAllowedOperations, TelemetryFrequency, UpdateSyncFrequency, PoolGuestSecurebootReadiness, CertificatePurpose;
    pool_patch: PoolPatch, AfterApplyGuidance;
    pool_update: PoolUpdate, UpdateAfterApplyGuidance, LivepatchStatus;
    vm: Vm, VmPowerState, UpdateGuidances, VmSecurebootCertificatesState, OnSoftrebootBehavior, OnNormalExit, OnCrashBehaviour, DomainType, VmUefiMode, VmSecurebootReadiness, VmOperations;
    vm_metrics: VmMetrics;
    vm_guest_metrics: VmGuestMetrics, TristateType;
    vmpp: Vmpp, VmppBackupType, VmppBackupFrequency, VmppArchiveFrequency, VmppArchiveTargetType;
    vmss: Vmss, VmssFrequency, VmssType;
    vm_appliance: VmAppliance, VmApplianceOperation;
    dr_task: DrTask;
    host: Host, HostAllowedOperations, LatestSyncedUpdatesAppliedState, HostDisplay, HostSchedGran, HostNumaAffinityPolicy, HostNtpMode;
    host_crashdump: HostCrashdump;
    host_patch: HostPatch;
    host_metrics: HostMetrics;
    host_cpu: HostCpu;
    network: Network, NetworkOperations, NetworkDefaultLockingMode, NetworkPurpose;
    vif: Vif, VifOperations, VifLockingMode, VifIpv4ConfigurationMode, VifIpv6ConfigurationMode;
    vif_metrics: VifMetrics;
    pif: Pif, PifIgmpStatus, IpConfigurationMode, Ipv6ConfigurationMode, PrimaryAddressType;
    pif_metrics: PifMetrics;
    bond: Bond, BondMode;
    vlan: Vlan;
    sm: Sm, ImageFormatType;
    sr: Sr, StorageOperations;
    sr_stat: SrStat, SrHealth;
    probe_result: ProbeResult;
    lvhd: Lvhd;
    vdi: Vdi, VdiOperations, VdiType, OnBoot;
    vbd: Vbd, VbdOperations, VbdType, VbdMode;
    vbd_metrics: VbdMetrics;
    pbd: Pbd;
    crashdump: Crashdump;
    vtpm: Vtpm, VtpmOperations, PersistenceBackend;
    console: Console, ConsoleProtocol;
    user: User;
    data_source: DataSource;
    blob: Blob;
    message: Message, MessageClass;
    secret: Secret;
    tunnel: Tunnel, TunnelProtocol;
    network_sriov: NetworkSriov, SriovConfigurationMode;
    pci: Pci, PciDom0Access;
    pgpu: Pgpu;
    gpu_group: GpuGroup, AllocationAlgorithm;
    vgpu: Vgpu;
    vgpu_type: VgpuType, VgpuTypeImplementation;
    pvs_site: PvsSite;
    pvs_server: PvsServer;
    pvs_proxy: PvsProxy, PvsProxyStatus;
    pvs_cache_storage: PvsCacheStorage;
    feature: Feature;
    sdn_controller: SdnController, SdnControllerProtocol;
    vdi_nbd_server_info: VdiNbdServerInfo;
    pusb: Pusb;
    usb_group: UsbGroup;
    vusb: Vusb, VusbOperations;
    cluster: Cluster, ClusterOperation;
    cluster_host: ClusterHost, ClusterHostOperation;
    certificate: Certificate, CertificateType;
    repository: Repository, RepositoryOrigin;
    observer: Observer;
    vm_group: VmGroup, PlacementPolicy;
    host_driver: HostDriver;
    driver_variant: DriverVariant;
    caller: Caller;
    rate_limit: RateLimit;
}

/// The class of that wire name.
pub fn class(name: &str) -> Option<&'static ClassDesc> {
    MODEL.iter().find(|class| class.name == name).copied()
}
