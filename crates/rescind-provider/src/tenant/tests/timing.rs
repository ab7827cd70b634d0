//! When a request came, and how long its answer was kept.

use rescind_model::fault::{Effect, Fault, Latency};
use rescind_model::gate::Gate;
use rescind_model::vocabulary::{Endpoint, Subject};

use super::*;

/// What the entry of the last request says.
fn last(tenant: &TenantState) -> (u64, u64) {
    let last = tenant.journal().received() - 1;
    let entry = tenant.journal().after(last).next().expect("an entry");
    (entry.came.0, entry.lasted)
}

fn with_a_revocation() -> (TenantState, Request) {
    let mut tenant = tenant("rfc7009");
    let minted = tenant.mint("user", "main", &Subject::ALL, Moment(0));
    let token = tenant.ledger().newest(minted.grant, Subject::AccessToken);
    let request = revocation(&tenant, token.expect("it has one"));
    // The provider's clock tells another time than the machine's.
    tenant.clock_mut().advance(1000);
    (tenant, request)
}

#[test]
fn a_request_comes_by_the_machines_clock_and_a_latency_is_counted() {
    let (mut tenant, request) = with_a_revocation();
    tenant.handle(&request, Moment(7));
    assert_eq!(last(&tenant), (7, 0));
    let latency = Effect::Latency(Latency::FixedMilliseconds(250));
    tenant.fail(Fault::at(Endpoint::Revocation, latency));
    tenant.handle(&request, Moment(9));
    assert_eq!(last(&tenant), (9, 250));
}

#[test]
fn what_gates_hold_counts_from_when_it_came() {
    let (mut tenant, request) = with_a_revocation();
    tenant.hold(Gate::before(Endpoint::Revocation));
    let course = tenant.meet(&request, Moment(5));
    let (number, _, withheld) = tenant.take_and_withhold(&request, course, Moment(12));
    assert_eq!(last(&tenant), (5, 7));
    tenant.give(number, &withheld.expect("its answer"), 3);
    assert_eq!(last(&tenant), (5, 10));
}
