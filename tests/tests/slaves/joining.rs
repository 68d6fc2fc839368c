//! A host that is on its way into a pool, and what is committed on it meanwhile.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use xapi_core::pool::link::Door;
use xapi_link::{Gate, Handler, Hello, Line, Myself, Refusal, Secret};
use xapi_model::{ApiError, Class, Vm, VmOperations, VmPowerState};
use xapi_tests::{SimHost, SimPool};
use xapi_tls::Identity;

use crate::secret::{about_to_join, join, served_by};

/// What happens when the joining host has come in, by how often it has: first it asks what would be, then to be let in.
type Happens = fn(&SimHost, usize);

/// A door at which something happens on the host that comes in.
struct Eventful {
    door: Door,
    joining: OnceLock<Arc<SimHost>>,
    came: AtomicUsize,
    happens: Happens,
}

impl Gate for Eventful {
    fn secrets(&self) -> Vec<Secret> {
        self.door.secrets()
    }

    fn myself(&self) -> Myself {
        self.door.myself()
    }

    fn identity(&self) -> Result<Arc<Identity>, String> {
        self.door.identity()
    }

    fn admit(&self, hello: &Hello, fingerprint: &str) -> Result<Arc<dyn Handler>, Refusal> {
        let comes_in = self.door.admit(hello, fingerprint)?;
        let joining = self.joining.get().expect("a host");
        (self.happens)(joining, self.came.fetch_add(1, Ordering::AcqRel));
        Ok(comes_in)
    }

    fn opened(&self, line: Line) {
        self.door.opened(line);
    }
}

/// A host tries to join while something happens: it, the pool, and what it was answered.
fn joins(happens: Happens) -> (Arc<SimHost>, SimPool, Result<(), ApiError>) {
    let pool = SimPool::new(1, 2);
    let door = Arc::new(Eventful {
        door: Door::new(pool.master.core()),
        joining: OnceLock::new(),
        came: AtomicUsize::new(0),
        happens,
    });
    let (_server, _listener, port) = served_by(&pool.master, Arc::clone(&door) as Arc<dyn Gate>);
    let joining = Arc::new(about_to_join(port));
    door.joining.get_or_init(|| Arc::clone(&joining));
    let outcome = join(&joining).map(drop);
    assert_eq!(door.came.load(Ordering::Acquire), 2);
    (joining, pool, outcome)
}

fn commits(host: &SimHost) -> bool {
    let made = host.core().store.change(|draft| {
        draft.insert(Vm {
            name_label: "made meanwhile".to_owned(),
            ..Vm::blank()
        })
    });
    made.is_ok()
}

#[test]
fn what_is_committed_while_the_pool_is_asked_comes_along_and_nothing_is_when_it_takes_the_host_in()
{
    let (joining, pool, outcome) = joins(|host, came| assert_eq!(commits(host), came == 0));
    outcome.expect("it is let in");
    let machines = pool.master.all::<Vm>();
    let machines = machines
        .iter()
        .filter(|(_, vm)| vm.name_label == "made meanwhile");
    assert_eq!(machines.count(), 1);
    assert!(!commits(&joining), "the pool would not have it");
}

#[test]
fn a_host_that_is_not_let_in_ends_what_could_not_be_ended_meanwhile() {
    let (joining, _, outcome) = joins(|host, came| {
        if came == 0 {
            let vm = host.new_vm("busy", &[]);
            let marked = host.core().store.change(|draft| {
                let start = [("OpaqueRef:gone".to_owned(), VmOperations::Start)];
                draft.set(&vm, Vm::CURRENT_OPERATIONS, start.into())
            });
            marked.expect("a machine that something is done with");
        }
    });
    let error = outcome.unwrap_err();
    let code = "JOINING_HOST_CANNOT_HAVE_VMS_WITH_CURRENT_OPERATIONS";
    assert_eq!(error.code, code, "{error}");
    assert!(commits(&joining));
    joining.until("the mark is taken off", || {
        let machines = joining.all::<Vm>();
        let busy = |(_, vm): &(_, Vm)| !vm.current_operations.is_empty();
        (!machines.iter().any(busy)).then_some(())
    });
}

#[test]
fn a_host_that_has_stepped_down_meanwhile_commits_nothing_when_it_is_not_let_in() {
    let (joining, _, outcome) = joins(|host, came| {
        if came == 0 {
            let vm = host.new_vm("runs", &[]);
            let marked = host
                .core()
                .store
                .change(|draft| draft.set(&vm, Vm::POWER_STATE, VmPowerState::Running));
            marked.expect("a machine that keeps it out");
            return;
        }
        host.core().store.follow_only(true);
    });
    assert!(outcome.is_err());
    assert!(!commits(&joining));
}
