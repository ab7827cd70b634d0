//! The control API of a tenant: what only the provider's owner, its user or time could do.
//!
//! JSON below `/_rescind`; loopback only. Tokens are shown where they are minted and nowhere else.

use rescind_model::Subject;
use rescind_model::fault::{Fault, Stated};
use rescind_model::secret::Secret;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::Tenant;
use crate::ledger::GrantId;
use crate::message::{Reply, Request};

/// Every operation: its method, its path below the prefix, and what it does.
pub const OPERATIONS: [(&str, &str, &str); 10] = [
    ("GET", "", "this list"),
    (
        "POST",
        "/grants",
        "mint a grant: {\"user\"?, \"client\"?, \"subjects\"?}; ?format=shell for assignments to eval",
    ),
    (
        "GET",
        "/ledger",
        "every grant and token, and when and why each died",
    ),
    (
        "GET",
        "/journal",
        "every request and what was answered; ?after=N for those after number N",
    ),
    (
        "POST",
        "/user-removal",
        "remove the app as the user would: {\"grant\"}",
    ),
    (
        "POST",
        "/expire",
        "let a token expire: {\"grant\", \"subject\"}",
    ),
    (
        "POST",
        "/kill",
        "end a token alone, as the provider's administrator would: {\"grant\", \"subject\"}",
    ),
    ("POST", "/clock", "move the clock: {\"advance_seconds\"}"),
    (
        "POST",
        "/faults",
        "make an endpoint fail: {\"endpoint\", \"subject\"?, \"nth\"?} and one of {\"status\", \"retry_after\"?, \"echo\"?}, {\"hang\": true}, {\"redirect\": \"same_origin\" or \"other_origin\", \"status\"?}; DELETE ends every failure",
    ),
    (
        "POST",
        "/reset",
        "back to the beginning: no grants, no journal, no faults",
    ),
];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Mint {
    #[serde(default = "Mint::somebody")]
    user: String,
    #[serde(default = "Mint::main_client")]
    client: String,
    #[serde(default = "Mint::all_subjects")]
    subjects: Vec<Subject>,
}

impl Mint {
    fn somebody() -> String {
        "user".to_owned()
    }
    fn main_client() -> String {
        "main".to_owned()
    }
    fn all_subjects() -> Vec<Subject> {
        Subject::ALL.to_vec()
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct UserRemoval {
    grant: u32,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TokenOfGrant {
    grant: u32,
    subject: Subject,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AdvanceClock {
    advance_seconds: u64,
}

/// What is wrong with a control request, and what to do next.
struct Mistake {
    message: String,
    hint: String,
}

/// Answers a control request. `operation` is the path below the prefix.
pub(super) fn answer(tenant: &Tenant, operation: &str, request: &Request) -> Reply {
    let operation = operation.trim_end_matches('/');
    let result = match (request.method.as_str(), operation) {
        ("GET", "") => Ok(index(tenant)),
        ("POST", "/grants") => match read(request).map(|mint| self::mint(tenant, &mint)) {
            Ok(minted) if wants_shell(request) => return shell_variables(&minted),
            result => result,
        },
        ("GET", "/ledger") => Ok(ledger(tenant)),
        ("GET", "/journal") => journal(tenant, request),
        ("POST", "/user-removal") => {
            read(request).and_then(|removal| user_removal(tenant, &removal))
        }
        ("POST", "/expire") => read(request).and_then(|token| expire(tenant, &token)),
        ("POST", "/kill") => read(request).and_then(|token| kill(tenant, &token)),
        ("POST", "/clock") => read::<AdvanceClock>(request).map(|clock| {
            tenant.lock().advance(clock.advance_seconds);
            json!({ "advanced_seconds": clock.advance_seconds })
        }),
        ("POST", "/faults") => fault(request).map(|fault| {
            tenant.lock().fail(fault);
            json!({ "set": true })
        }),
        ("DELETE", "/faults") => {
            tenant.lock().recover();
            Ok(json!({ "set": false }))
        }
        ("POST", "/reset") => {
            tenant.lock().reset();
            Ok(json!({ "reset": true }))
        }
        _ => return unknown_operation(request, operation),
    };
    match result {
        Ok(value) => Reply::json(200, &value),
        Err(Mistake { message, hint }) => Reply::json(
            400,
            &json!({ "error": { "message": message, "hint": hint } }),
        ),
    }
}

fn index(tenant: &Tenant) -> Value {
    let operations: Vec<Value> = OPERATIONS
        .iter()
        .map(|(method, path, what)| json!({ "method": method, "path": format!("{}{path}", super::CONTROL_PREFIX), "what": what }))
        .collect();
    json!({ "tenant": tenant.name(), "profile": tenant.lock().profile().title, "operations": operations })
}

fn mint(tenant: &Tenant, mint: &Mint) -> Value {
    let elapsed = tenant.elapsed();
    let minted = tenant
        .lock()
        .mint(&mint.user, &mint.client, &mint.subjects, elapsed);
    let mut value = json!({
        "grant": minted.grant,
        "user": mint.user,
        "client": minted.client.name,
        "client_id": minted.client.client_id,
        "client_secret": minted.client.client_secret.expose(),
        "access_token": minted.access_token.as_ref().map(Secret::expose),
        "refresh_token": minted.refresh_token.as_ref().map(Secret::expose),
        "expires_in": minted.expires_in,
    });
    if let Some((field, account_id)) = &minted.account_id {
        value[field] = json!(account_id);
    }
    value
}

fn wants_shell(request: &Request) -> bool {
    let query = request.query.as_deref().unwrap_or_default();
    form_urlencoded::parse(query.as_bytes())
        .any(|(name, value)| name == "format" && value == "shell")
}

/// What was minted as assignments for a shell's `eval`.
fn shell_variables(minted: &Value) -> Reply {
    let mut text = String::new();
    // `user` and `client` would overwrite variables that a shell has of its own.
    let own = |name: &str| name != "user" && name != "client";
    let members = minted
        .as_object()
        .into_iter()
        .flatten()
        .filter(|(name, _)| own(name));
    for (name, value) in members {
        if let Some(value) = value.as_str() {
            text.extend([
                name.to_uppercase().as_str(),
                "='",
                &value.replace('\'', "'\\''"),
                "'\n",
            ]);
        }
    }
    let headers = vec![
        ("content-type".into(), "text/plain; charset=utf-8".into()),
        ("cache-control".into(), "no-store".into()),
    ];
    Reply {
        status: 200,
        headers,
        body: text,
    }
}

fn ledger(tenant: &Tenant) -> Value {
    let elapsed = tenant.elapsed();
    let state = tenant.lock();
    let now = state.now(elapsed);
    let grants: Vec<Value> = state
        .ledger()
        .grants()
        .map(|(id, grant)| {
            let tokens: Vec<Value> = state
                .ledger()
                .tokens(id, now)
                .into_iter()
                .map(|token| {
                    json!({
                        "subject": token.id.subject,
                        "generation": token.id.generation,
                        "fingerprint": tenant.fingerprints().fingerprint(&token.text),
                        "state": token.state,
                        "died": token.death,
                    })
                })
                .collect();
            json!({ "grant": id, "user": grant.user, "client": grant.client, "account_id": grant.account_id, "tokens": tokens })
        })
        .collect();
    json!({ "now": now, "grants": grants })
}

fn journal(tenant: &Tenant, request: &Request) -> Result<Value, Mistake> {
    let query = request.query.as_deref().unwrap_or_default();
    let after = form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "after");
    let after: u64 = match after {
        None => 0,
        Some((_, value)) => value.parse().map_err(|_| {
            mistake(
                "`after` is not a number",
                "the number of an entry, or nothing",
            )
        })?,
    };
    let state = tenant.lock();
    let scanner = state.scanner(tenant.fingerprints().clone());
    let entries: Vec<Value> = state
        .journal()
        .after(after)
        .map(|entry| {
            let mut value = json!(entry);
            value["request"] = json!(entry.request_lines(&scanner));
            value["answer"] = json!(entry.answer_lines(&scanner));
            value
        })
        .collect();
    Ok(
        json!({ "received": state.journal().received(), "lost": state.journal().lost_after(after), "entries": entries }),
    )
}

fn user_removal(tenant: &Tenant, removal: &UserRemoval) -> Result<Value, Mistake> {
    let grant = known_grant(tenant, removal.grant)?;
    let elapsed = tenant.elapsed();
    tenant.lock().remove_by_user(grant, elapsed);
    Ok(json!({ "removed": grant }))
}

fn expire(tenant: &Tenant, token: &TokenOfGrant) -> Result<Value, Mistake> {
    let grant = known_grant(tenant, token.grant)?;
    let elapsed = tenant.elapsed();
    if tenant.lock().expire(grant, token.subject, elapsed) {
        Ok(json!({ "expired": token.subject }))
    } else {
        Err(no_such_token(token))
    }
}

fn kill(tenant: &Tenant, token: &TokenOfGrant) -> Result<Value, Mistake> {
    let grant = known_grant(tenant, token.grant)?;
    let elapsed = tenant.elapsed();
    if tenant
        .lock()
        .kill_at_provider(grant, token.subject, elapsed)
    {
        Ok(json!({ "killed": token.subject }))
    } else {
        Err(no_such_token(token))
    }
}

fn no_such_token(token: &TokenOfGrant) -> Mistake {
    mistake(
        &format!("grant {} has no {}", token.grant, token.subject),
        "GET /_rescind/ledger shows what it has",
    )
}

fn known_grant(tenant: &Tenant, grant: u32) -> Result<GrantId, Mistake> {
    let id = GrantId(grant);
    match tenant.lock().ledger().grant(id) {
        Some(_) => Ok(id),
        None => Err(mistake(
            &format!("there is no grant {grant}"),
            "GET /_rescind/ledger lists them",
        )),
    }
}

/// Reads a fault, and refuses one that makes no sense.
fn fault(request: &Request) -> Result<Fault, Mistake> {
    let stated: Stated = read(request)?;
    stated.fault().map_err(|senseless| {
        let messages: Vec<&str> = senseless.iter().map(|one| one.message.as_str()).collect();
        let hints: Vec<&str> = senseless.iter().map(|one| one.hint).collect();
        mistake(&messages.join("; "), &hints.join("; "))
    })
}

fn read<T: DeserializeOwned>(request: &Request) -> Result<T, Mistake> {
    let body: &[u8] = if request.body.is_empty() {
        b"{}"
    } else {
        &request.body
    };
    serde_json::from_slice(body).map_err(|error| {
        // Serde's message quotes what it did not expect, which may be a token.
        let message = format!(
            "the body is not what the operation takes (line {}, column {})",
            error.line(),
            error.column()
        );
        mistake(
            &message,
            "GET /_rescind lists the operations and their members",
        )
    })
}

fn mistake(message: &str, hint: &str) -> Mistake {
    Mistake {
        message: message.to_owned(),
        hint: hint.to_owned(),
    }
}

fn unknown_operation(request: &Request, operation: &str) -> Reply {
    let known = OPERATIONS.iter().any(|(_, path, _)| *path == operation);
    let (status, message) = if known {
        (405, "another method than the operation's")
    } else {
        (404, "no such operation")
    };
    let hint = "GET /_rescind lists the operations";
    Reply::json(
        status,
        &json!({ "error": { "message": message, "method": request.method, "hint": hint } }),
    )
}
