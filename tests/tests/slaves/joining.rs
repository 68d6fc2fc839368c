//! A host that is on its way into a pool, and what is committed on it meanwhile.

use std::sync::{Arc, OnceLock};

use xapi_link::Gate;
use xapi_model::{ApiError, Class, Vm, VmOperations, VmPowerState};
use xapi_tests::{SimHost, SimPool};

use crate::secret::{Eventful, about_to_join, join, served_by};

/// What happens when the joining host has come in, by how often it has: first it asks what would be, then to be let in.
type Happens = fn(&SimHost, usize);

/// A host tries to join while something happens: it, the pool, and what it was answered.
fn joins(happens: Happens) -> (Arc<SimHost>, SimPool, Result<(), ApiError>) {
    let pool = SimPool::new(1, 2);
    let host = Arc::new(OnceLock::<Arc<SimHost>>::new());
    let its = Arc::clone(&host);
    let happens = move |came| happens(its.get().expect("a host"), came);
    let door = Arc::new(Eventful::new(&pool.master, happens));
    let (_server, _listener, port) = served_by(&pool.master, Arc::clone(&door) as Arc<dyn Gate>);
    let joining = Arc::new(about_to_join(port));
    host.get_or_init(|| Arc::clone(&joining));
    let outcome = join(&joining).map(drop);
    assert_eq!(door.came(), 2);
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
