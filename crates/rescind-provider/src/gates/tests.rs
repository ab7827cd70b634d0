//! What gates do with requests, without a network.

use rescind_model::vocabulary::Endpoint;

use super::*;

const AT: Moment = Moment(0);

fn traits(endpoint: Endpoint) -> Traits {
    Traits {
        endpoint,
        subject: None,
        token: None,
        client: Some("main".into()),
    }
}

/// The requests of a series, counted from 1, that a gate gives tickets to.
fn stopped(gate: Gate, endpoints: &[Endpoint]) -> Vec<usize> {
    let mut gates = Gates::default();
    gates.set(gate);
    let mut stops = |endpoint| gates.stops(&traits(endpoint), &Request::default());
    let numbered = (1..).zip(endpoints);
    numbered
        .filter(|(_, endpoint)| !stops(**endpoint).is_empty())
        .map(|(number, _)| number)
        .collect()
}

/// A gate that holds a request, and the request's ticket.
fn holding(gate: Gate) -> (Gates, GateId, Ticket) {
    let mut gates = Gates::default();
    let endpoint = gate.meets.endpoint;
    let id = gates.set(gate);
    let ticket = gates.stops(&traits(endpoint), &Request::default())[0];
    gates.arrive(ticket, None, AT);
    (gates, id, ticket)
}

fn state(gates: &Gates, id: GateId) -> GateState {
    gates.get(id).unwrap().state()
}

#[test]
fn it_stops_the_requests_that_it_says_and_no_other() {
    use Endpoint::{Revocation, Token};
    let series = [Token, Revocation, Token, Token, Token];
    let check = |gate, expected: &[usize]| assert_eq!(stopped(gate, &series), expected);
    check(Gate::before(Token), &[1]);
    check(Gate::after(Revocation), &[2]);
    check(Gate::before(Token).nth(2), &[3]);
    check(Gate::before(Token).count(3), &[1, 3, 4]);
    check(Gate::before(Token).nth(3).count(9), &[4, 5]);
    check(Gate::before(Token).nth(9), &[]);
    check(Gate::before(Token).from_client("main"), &[1]);
    check(Gate::before(Token).from_client("other"), &[]);
}

#[test]
fn a_request_may_stop_at_several_gates() {
    let mut gates = Gates::default();
    let ids = [
        gates.set(Gate::before(Endpoint::Token)),
        gates.set(Gate::after(Endpoint::Token)),
    ];
    let tickets = gates.stops(&traits(Endpoint::Token), &Request::default());
    let stops: Vec<GateId> = tickets.iter().map(|ticket| ticket.gate).collect();
    assert_eq!(stops, ids);
    assert_eq!(
        [tickets[0].when, tickets[1].when],
        [When::BeforeEffect, When::AfterEffect]
    );
}

#[test]
fn it_holds_until_it_is_released() {
    let (mut gates, id, ticket) = holding(Gate::before(Endpoint::Token).timeout_seconds(2));
    assert_eq!(state(&gates, id), GateState::Holding);
    let until = Moment(2000);
    assert_eq!(gates.standing(ticket), Standing::Held { until });
    assert!(gates.release(id));
    assert_eq!(gates.standing(ticket), Standing::Passes);
    assert_eq!(state(&gates, id), GateState::Released);
    assert!(!gates.release(id) && !gates.time_out(id));
    assert!(gates.are_all_over());
}

#[test]
fn a_released_gate_holds_nothing_that_comes_later() {
    let mut gates = Gates::default();
    let id = gates.set(Gate::before(Endpoint::Token));
    let ticket = gates.stops(&traits(Endpoint::Token), &Request::default())[0];
    assert!(gates.release(id));
    gates.arrive(ticket, None, AT);
    assert_eq!(gates.standing(ticket), Standing::Passes);
    assert_eq!(gates.get(id).unwrap().held[0].state, HeldState::Released);
}

#[test]
fn what_it_holds_when_its_time_is_over_never_passes() {
    let (mut gates, id, ticket) = holding(Gate::before(Endpoint::Token));
    assert!(gates.time_out(id));
    assert_eq!(gates.standing(ticket), Standing::TimedOut);
    assert_eq!(state(&gates, id), GateState::TimedOut);
    let (mut gates, _, ticket) = holding(Gate::before(Endpoint::Token));
    gates.clear();
    assert_eq!(gates.standing(ticket), Standing::TimedOut);
}

#[test]
fn its_time_begins_with_the_first_that_it_holds() {
    let mut gates = Gates::default();
    gates.set(Gate::before(Endpoint::Token).count(3).timeout_seconds(1));
    let mut arrive = |at| {
        let ticket = gates.stops(&traits(Endpoint::Token), &Request::default())[0];
        gates.arrive(ticket, None, Moment(at));
        (ticket, gates.standing(ticket))
    };
    let (first, standing) = arrive(100);
    let until = Moment(1100);
    assert_eq!(standing, Standing::Held { until });
    let (second, standing) = arrive(900);
    assert_eq!(standing, Standing::Held { until });
    gates.leave(first);
    gates.leave(second);
    let ticket = gates.stops(&traits(Endpoint::Token), &Request::default())[0];
    gates.arrive(ticket, None, Moment(5000));
    let until = Moment(6000);
    assert_eq!(gates.standing(ticket), Standing::Held { until });
}

#[test]
fn a_gate_that_everybody_left_is_over_unless_there_is_room() {
    let (mut gates, id, ticket) = holding(Gate::before(Endpoint::Token));
    gates.leave(ticket);
    assert_eq!(state(&gates, id), GateState::Abandoned);
    let (mut gates, id, ticket) = holding(Gate::before(Endpoint::Token).count(2));
    gates.leave(ticket);
    assert_eq!(state(&gates, id), GateState::Waiting);
}

#[test]
fn gates_that_are_over_are_forgotten_in_the_end() {
    let mut gates = Gates::default();
    let open = gates.set(Gate::before(Endpoint::Token));
    for _ in 0..1000 {
        let id = gates.set(Gate::before(Endpoint::Revocation));
        assert!(gates.release(id));
    }
    assert_eq!(gates.iter().count(), REMEMBERED + 1);
    assert_eq!(state(&gates, open), GateState::Waiting);
}
