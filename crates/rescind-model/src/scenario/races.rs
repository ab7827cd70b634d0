//! Races and crashes: gates that hold requests, calls that are begun and not waited for, a process
//! that is killed and started again. The format, and what can be wrong about it.
//!
//! Nothing here knows of time: a race has the interleaving that its steps name.

use std::ops::Range;

use schemars::JsonSchema;
use serde::Deserialize;

use super::Verb;
use super::file::{Delete, Read, Refresh, Revoke, StepFile};
use crate::fault::When;
use crate::gate::{self, Gate};
use crate::source::{Diagnostic, Located, SourceFile};
use crate::vocabulary::{Endpoint, Subject};

/// Holds a request to the provider, before or after it takes effect, until it is released.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HoldFile {
    /// The gate's name in this scenario.
    pub name: Located<String>,
    /// The endpoint.
    pub endpoint: Endpoint,
    /// On which side of its effect the request is held; before it, if not stated.
    #[serde(default)]
    pub when: When,
    /// Only requests that name this subject.
    #[serde(default)]
    pub subject: Option<Subject>,
    /// Only requests whose credentials name this client.
    #[serde(default)]
    pub client: Option<String>,
    /// The first request that it holds, counted from 1 from now on; the next one if not stated.
    #[serde(default)]
    pub nth: Option<Located<u32>>,
}

/// Begins a call to the target and does not wait for its answer: exactly one verb, and a name.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StartFile {
    /// The call's name in this scenario.
    pub name: Located<String>,
    /// Call the revoke endpoint.
    #[serde(default)]
    pub revoke: Option<Revoke>,
    /// Read an account.
    #[serde(default)]
    pub read: Option<Read>,
    /// Delete an account.
    #[serde(default)]
    pub delete: Option<Delete>,
    /// Have the target refresh an account's tokens.
    #[serde(default)]
    pub refresh: Option<Refresh>,
}

/// Names a gate or a call.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Named {
    /// Its name in this scenario.
    pub name: Located<String>,
}

/// Waits until things stand as the scenario wants them, which is exactly one of these. If they do
/// not come to stand so within the target's limits, the case is not judged.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WaitUntilFile {
    /// The gate that holds a request then.
    #[serde(default)]
    pub held: Option<Located<String>>,
    /// The call that has been answered then.
    #[serde(default)]
    pub answered: Option<Located<String>>,
    /// The call that the target has taken up then: it has answered it, or asked the provider
    /// something more, or answered others that were sent after it. A target may let a call wait
    /// for another, and shows nothing more of it.
    #[serde(default)]
    pub under_way: Option<Located<String>>,
    /// The call of which nothing more comes by itself: it has been answered, or waits for another,
    /// as no answer within one and a half seconds shows. Either is an interleaving that a target may choose.
    #[serde(default)]
    pub settled: Option<Located<String>>,
}

/// Kills the target's process, so that it can do nothing more. Has no parameters.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Kill {}

/// Starts the process again that was killed, with what it has kept. Has no parameters.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Restart {}

/// A gate of a scenario.
#[derive(Clone, Debug)]
pub struct Hold {
    /// Its name.
    pub name: Located<String>,
    /// What it holds.
    pub gate: Gate,
}

/// A call that is begun in one step, and ends in another.
#[derive(Clone, Debug)]
pub struct NamedCall {
    /// Its name.
    pub name: Located<String>,
    /// What is called.
    pub verb: Box<Verb>,
}

/// What a scenario waits for.
#[derive(Clone, Debug)]
pub enum Awaited {
    /// A gate holds a request.
    Held(Located<String>),
    /// A call has been answered.
    Answered(Located<String>),
    /// The target has taken a call up.
    UnderWay(Located<String>),
    /// A call has been answered, or waits for another.
    Settled(Located<String>),
}

/// Which gates and calls are open, while a scenario is read from its first step to its last.
pub(super) struct Stage<'a> {
    file: &'a SourceFile,
    gates: Vec<Known>,
    calls: Vec<(Known, Verb)>,
    /// Where the process was killed that has not been started again.
    killed: Option<Range<usize>>,
    mistakes: Vec<Diagnostic>,
}

struct Known {
    name: String,
    span: Range<usize>,
    is_open: bool,
}

impl Known {
    fn new(name: &Located<String>) -> Self {
        Self {
            name: name.get().clone(),
            span: name.span(),
            is_open: true,
        }
    }
}

impl<'a> Stage<'a> {
    pub(super) const fn new(file: &'a SourceFile) -> Self {
        Self {
            file,
            gates: Vec::new(),
            calls: Vec::new(),
            killed: None,
            mistakes: Vec::new(),
        }
    }

    fn mistake(&mut self, span: Range<usize>, message: impl Into<String>, hint: &str) {
        self.mistakes
            .push(Diagnostic::new(self.file, span, message).hint(hint));
    }

    /// What is wrong with the scenario as a whole.
    pub(super) fn end(mut self) -> Vec<Diagnostic> {
        let gates = self.gates.iter().filter(|gate| gate.is_open);
        let gates: Vec<(Range<usize>, String)> = gates
            .map(|gate| (gate.span.clone(), gate.name.clone()))
            .collect();
        for (span, name) in gates {
            self.mistake(
                span,
                format!("gate `{name}` is never released"),
                &format!("add a step `release = {{ name = \"{name}\" }}`"),
            );
        }
        let calls = self.calls.iter().filter(|(call, _)| call.is_open);
        let calls: Vec<(Range<usize>, String)> = calls
            .map(|(call, _)| (call.span.clone(), call.name.clone()))
            .collect();
        for (span, name) in calls {
            self.mistake(
                span,
                format!("call `{name}` is never finished"),
                &format!("add a step `finish = {{ name = \"{name}\" }}`, or give it up"),
            );
        }
        if let Some(span) = self.killed.take() {
            self.mistake(
                span,
                "the process is killed and never started again",
                "add a step `restart = {}`, so that something can be asked of it",
            );
        }
        self.mistakes
    }

    /// The verbs of a step that are about races and crashes.
    pub(super) fn verbs(&mut self, step: &StepFile) -> Vec<Verb> {
        let verbs = [
            step.hold.as_ref().and_then(|hold| self.hold(hold)),
            step.release.as_ref().and_then(|named| self.release(named)),
            step.start.as_ref().and_then(|start| self.start(start)),
            step.finish
                .as_ref()
                .and_then(|named| self.end_of_call(named).map(Verb::Finish)),
            step.give_up
                .as_ref()
                .and_then(|named| self.end_of_call(named).map(Verb::GiveUp)),
            step.wait_until.as_ref().and_then(|wait| self.wait(wait)),
            step.kill.as_ref().and_then(|kill| self.kill(kill)),
            step.restart.as_ref().and_then(|again| self.restart(again)),
        ];
        verbs.into_iter().flatten().collect()
    }

    /// Whether a step states a verb that is about races and crashes, be it right or wrong.
    pub(super) const fn is_staged(step: &StepFile) -> bool {
        step.hold.is_some()
            || step.release.is_some()
            || step.start.is_some()
            || step.finish.is_some()
            || step.give_up.is_some()
            || step.wait_until.is_some()
            || step.kill.is_some()
            || step.restart.is_some()
    }

    /// A process that was killed answers nothing.
    pub(super) fn answers(&mut self, verb: &Verb, span: Range<usize>) {
        let calls = verb.calls_target() || matches!(verb, Verb::Connect(_) | Verb::Start(_));
        if calls && self.killed.is_some() {
            self.mistake(
                span,
                "a call to a process that was killed",
                "start it again in a step before: `restart = {}`",
            );
        }
    }

    fn hold(&mut self, hold: &Located<HoldFile>) -> Option<Verb> {
        let is_taken = self.gates.iter().any(|gate| gate.name == *hold.name.get());
        if is_taken {
            self.taken(&hold.name);
            return None;
        }
        self.gates.push(Known::new(&hold.name));
        let stated = gate::Stated {
            endpoint: hold.endpoint,
            subject: hold.subject,
            client: hold.client.clone(),
            nth: hold.nth.as_ref().map(|nth| **nth),
            when: hold.when,
            count: 1,
            timeout_seconds: gate::DEFAULT_TIMEOUT_SECONDS,
        };
        match stated.gate() {
            Ok(gate) => Some(Verb::Hold(Hold {
                name: hold.name.clone(),
                gate,
            })),
            Err(senseless) => {
                for one in senseless {
                    let place = self.file.place_below(&hold.span(), &one.path);
                    self.mistake(place.unwrap_or(hold.span()), one.message, &one.hint);
                }
                None
            }
        }
    }

    fn release(&mut self, named: &Located<Named>) -> Option<Verb> {
        self.gate(&named.name)?.is_open = false;
        Some(Verb::Release(named.name.clone()))
    }

    fn start(&mut self, start: &Located<StartFile>) -> Option<Verb> {
        let mut calls = self.calls.iter();
        if calls.any(|(call, _)| call.name == *start.name.get()) {
            self.taken(&start.name);
            return None;
        }
        let verbs = [
            start.revoke.clone().map(Verb::Revoke),
            start.read.clone().map(Verb::Read),
            start.delete.clone().map(Verb::Delete),
            start.refresh.clone().map(Verb::Refresh),
        ];
        let mut verbs: Vec<Verb> = verbs.into_iter().flatten().collect();
        if let Some(delete) = start.delete.as_ref().filter(|delete| delete.and_revoke) {
            self.mistake(
                delete.account.span(),
                "a start of a deletion that revokes, which goes on after its answer",
                "leave `and_revoke` out, or delete in a step of its own",
            );
        }
        let verb = match (verbs.pop(), verbs.is_empty()) {
            (Some(verb), true) => verb,
            (found, _) => {
                let what = if found.is_some() {
                    "several calls"
                } else {
                    "no call"
                };
                self.mistake(
                    start.span(),
                    format!("a start of {what}"),
                    "state exactly one of `revoke`, `read`, `delete`, `refresh`",
                );
                return None;
            }
        };
        self.calls.push((Known::new(&start.name), verb.clone()));
        Some(Verb::Start(NamedCall {
            name: start.name.clone(),
            verb: Box::new(verb),
        }))
    }

    fn end_of_call(&mut self, named: &Located<Named>) -> Option<NamedCall> {
        let (call, verb) = self.call(&named.name)?;
        call.is_open = false;
        let verb = Box::new(verb.clone());
        Some(NamedCall {
            name: named.name.clone(),
            verb,
        })
    }

    fn wait(&mut self, wait: &Located<WaitUntilFile>) -> Option<Verb> {
        let stated = [
            wait.held.clone().map(Awaited::Held),
            wait.answered.clone().map(Awaited::Answered),
            wait.under_way.clone().map(Awaited::UnderWay),
            wait.settled.clone().map(Awaited::Settled),
        ];
        let mut stated: Vec<Awaited> = stated.into_iter().flatten().collect();
        let (Some(awaited), true) = (stated.pop(), stated.is_empty()) else {
            self.mistake(
                wait.span(),
                "a wait for nothing, or for several things",
                "state exactly one of `held`, `answered`, `under_way`, `settled`",
            );
            return None;
        };
        match &awaited {
            Awaited::Held(gate) => {
                self.gate(gate)?;
            }
            Awaited::Answered(call) | Awaited::UnderWay(call) | Awaited::Settled(call) => {
                self.call(call)?;
            }
        }
        Some(Verb::WaitUntil(awaited))
    }

    /// Nothing that the process was at goes on.
    fn kill(&mut self, kill: &Located<Kill>) -> Option<Verb> {
        if self.killed.is_some() {
            self.mistake(
                kill.span(),
                "the process is killed twice",
                "start it again in between: `restart = {}`",
            );
            return None;
        }
        self.killed = Some(kill.span());
        for gate in &mut self.gates {
            gate.is_open = false;
        }
        for (call, _) in &mut self.calls {
            call.is_open = false;
        }
        Some(Verb::Kill)
    }

    fn restart(&mut self, restart: &Located<Restart>) -> Option<Verb> {
        if self.killed.take().is_none() {
            self.mistake(
                restart.span(),
                "a restart of a process that runs",
                "kill it in a step before: `kill = {}`",
            );
            return None;
        }
        Some(Verb::Restart)
    }

    fn taken(&mut self, name: &Located<String>) {
        self.mistake(
            name.span(),
            format!("the name `{}` is given twice", **name),
            "give every gate, and every call, a name of its own",
        );
    }

    /// The open gate of that name.
    fn gate(&mut self, name: &Located<String>) -> Option<&mut Known> {
        let index = self
            .gates
            .iter()
            .position(|gate| gate.is_open && gate.name == **name);
        if index.is_none() {
            let known: Vec<String> = self.gates.iter().map(|gate| gate.name.clone()).collect();
            self.unknown(name, "no gate of this name holds anything", &known);
        }
        self.gates.get_mut(index?)
    }

    /// The open call of that name.
    fn call(&mut self, name: &Located<String>) -> Option<(&mut Known, &Verb)> {
        let mut calls = self.calls.iter();
        let index = calls.position(|(call, _)| call.is_open && call.name == **name);
        if index.is_none() {
            let calls = self.calls.iter();
            let known: Vec<String> = calls.map(|(call, _)| call.name.clone()).collect();
            self.unknown(name, "no call of this name is under way", &known);
        }
        let (call, verb) = self.calls.get_mut(index?)?;
        Some((call, verb))
    }

    fn unknown(&mut self, name: &Located<String>, message: &str, known: &[String]) {
        let message = format!("{message}: `{}`", **name);
        let diagnostic = Diagnostic::new(self.file, name.span(), message);
        let is_over = known.contains(name.get());
        self.mistakes.push(if is_over {
            diagnostic.hint("a step before this one has ended it")
        } else if known.is_empty() {
            diagnostic.hint("begin it in an earlier step, with `hold` or `start`")
        } else {
            diagnostic.hint_nearest(name, known.iter().map(String::as_str))
        });
    }
}
