//! Faults: which there are, a new one, and their end.

use rescind_model::fault::{Effect, Meets, Senseless, Stated};
use schemars::JsonSchema;
use serde::Serialize;

use super::Operation;
use super::call::{Call, Given, Nothing};
use super::mistake::Mistake;
use crate::faults::SetFault;

/// A fault that is set.
#[derive(Serialize, JsonSchema)]
pub(super) struct FaultView {
    /// Its number.
    fault: u32,
    /// The requests that meet it.
    meets: Meets,
    /// What becomes of them.
    effect: Effect,
    /// How many requests it has matched so far.
    matched: u32,
    /// Whether it is how the provider is by itself.
    lasting: bool,
}

impl From<&SetFault> for FaultView {
    fn from(set: &SetFault) -> Self {
        Self {
            fault: set.number,
            meets: set.fault.meets.clone(),
            effect: set.fault.effect.clone(),
            matched: set.matched,
            lasting: set.is_lasting,
        }
    }
}

/// The faults that are set.
#[derive(Serialize, JsonSchema)]
pub(super) struct FaultList {
    /// In the order in which they act.
    faults: Vec<FaultView>,
}

/// Lists the faults.
pub(super) struct List;

impl Operation for List {
    const METHOD: &'static str = "GET";
    const PATH: &'static str = "/faults";
    const SUMMARY: &'static str = "the faults that are set";
    type Query = Nothing;
    type Body = Nothing;
    type Answer = FaultList;

    async fn handle(call: Call, _: Nothing, _: Nothing) -> Result<Given<FaultList>, Mistake> {
        let state = call.tenant()?.lock();
        let faults = state.faults().iter().map(FaultView::from).collect();
        Ok(Given::Json(FaultList { faults }))
    }
}

/// Sets a fault.
pub(super) struct Set;

impl Operation for Set {
    const METHOD: &'static str = "POST";
    const PATH: &'static str = "/faults";
    const SUMMARY: &'static str = "make an endpoint fail: {\"endpoint\"} and one kind of fault, \
                                   {\"answer\": {\"status\": 503}} say";
    type Query = Nothing;
    type Body = Stated;
    type Answer = FaultView;

    async fn handle(call: Call, _: Nothing, stated: Stated) -> Result<Given<FaultView>, Mistake> {
        let fault = stated.fault().map_err(|senseless| told(&senseless))?;
        let mut state = call.tenant()?.lock();
        let number = state.fail(fault);
        let set = state.faults().iter().find(|set| set.number == number);
        let view = set.map(FaultView::from).ok_or_else(no_such_fault)?;
        Ok(Given::Json(view))
    }
}

/// What makes no sense, and what to do about it.
pub(super) fn told(senseless: &[Senseless]) -> Mistake {
    let messages: Vec<&str> = senseless.iter().map(|one| one.message.as_str()).collect();
    let hints: Vec<&str> = senseless.iter().map(|one| one.hint.as_str()).collect();
    Mistake::new(&messages.join("; "), &hints.join("; "))
}

fn no_such_fault() -> Mistake {
    Mistake::not_found(
        "there is no fault of that number",
        "GET /_rescind/faults lists them",
    )
}

/// Faults that were ended.
#[derive(Serialize, JsonSchema)]
pub(super) struct FaultsEnded {
    /// How many.
    ended: usize,
}

/// Ends every fault.
pub(super) struct EndAll;

impl Operation for EndAll {
    const METHOD: &'static str = "DELETE";
    const PATH: &'static str = "/faults";
    const SUMMARY: &'static str = "end every fault but those of the profile";
    type Query = Nothing;
    type Body = Nothing;
    type Answer = FaultsEnded;

    async fn handle(call: Call, _: Nothing, _: Nothing) -> Result<Given<FaultsEnded>, Mistake> {
        let ended = call.tenant()?.lock().recover();
        Ok(Given::Json(FaultsEnded { ended }))
    }
}

/// Ends one fault.
pub(super) struct End;

impl Operation for End {
    const METHOD: &'static str = "DELETE";
    const PATH: &'static str = "/faults/{fault}";
    const SUMMARY: &'static str = "end one fault";
    type Query = Nothing;
    type Body = Nothing;
    type Answer = FaultsEnded;

    async fn handle(call: Call, _: Nothing, _: Nothing) -> Result<Given<FaultsEnded>, Mistake> {
        let number = call.number("fault")?;
        if call.tenant()?.lock().recover_from(number) {
            Ok(Given::Json(FaultsEnded { ended: 1 }))
        } else {
            Err(no_such_fault())
        }
    }
}
