//! A target that turns calls away because there are too many of them (429): how long is waited, and
//! when that is given up. Nothing is judged of it: the target has not taken the call up.

use std::time::Duration;

use http::HeaderMap;
use http::header::RETRY_AFTER;

use crate::provider_access::TenantAccess;

/// The first wait where the target does not say how long, and the shortest of all.
const FIRST: Duration = Duration::from_millis(100);

/// The longest wait where the target does not say how long.
const LONGEST: Duration = Duration::from_secs(5);

/// How many requests the provider had received when a call was made: one that the target turned away
/// and that it asked the provider something for is judged as it is.
#[derive(Debug)]
pub struct Untouched {
    tenant: TenantAccess,
    received: u64,
}

impl Untouched {
    /// So many requests had been received at this tenant.
    pub const fn since(tenant: TenantAccess, received: u64) -> Self {
        Self { tenant, received }
    }

    /// Whether none has come since. A provider that does not answer shows nothing, and is found out
    /// by the next look at it.
    pub async fn is_still_so(&self) -> bool {
        let received = self.tenant.received().await;
        received.is_ok_and(|received| received == self.received)
    }
}

/// How long one call may still be kept waiting.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    left: Duration,
    next: Duration,
}

/// A call that was turned away for longer than is waited.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("`{call}` {}", self.why())]
pub struct TurnedAway {
    /// Which one: `POST /accounts`.
    pub call: String,
    /// The bound.
    pub seconds: f64,
}

impl TurnedAway {
    /// What came of it, and what to do next.
    pub fn why(&self) -> String {
        format!(
            "was answered 429, and to wait longer is more than `rate_limit_seconds` under `[limits]` allows ({}): let the target allow more calls, run fewer cases at once, or raise that bound",
            self.seconds
        )
    }
}

impl Patience {
    /// All waits of a call together may take so long.
    pub const fn new(bound: Duration) -> Self {
        Self {
            left: bound,
            next: FIRST,
        }
    }

    /// How long to wait before the call is made again: as long as the answer says, or each time
    /// twice as long as before. None if that is more than what is left.
    pub fn next_wait(&mut self, headers: &HeaderMap) -> Option<Duration> {
        let wait = match retry_after(headers) {
            Some(stated) => stated.max(FIRST),
            None => {
                let wait = self.next;
                self.next = (wait * 2).min(LONGEST);
                wait
            }
        };
        self.left = self.left.checked_sub(wait)?;
        Some(wait)
    }
}

/// The seconds of a `Retry-After` (RFC 9110, section 10.2.3). A date counts as none: what the time
/// is at the target, nobody knows here.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let stated = headers.get(RETRY_AFTER)?.to_str().ok()?;
    stated.trim().parse().ok().map(Duration::from_secs)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(text: &str) -> HeaderMap {
        HeaderMap::from_iter([(RETRY_AFTER, text.parse().expect("a header's value"))])
    }

    #[test]
    fn what_the_target_says_is_waited_within_the_bound() {
        let mut patience = Patience::new(Duration::from_secs(10));
        assert_eq!(patience.next_wait(&said("4")), Some(Duration::from_secs(4)));
        assert_eq!(patience.next_wait(&said("6")), Some(Duration::from_secs(6)));
        assert_eq!(patience.next_wait(&said("1")), None);
        assert_eq!(patience.next_wait(&said("3600")), None);
    }

    #[test]
    fn without_a_number_each_wait_is_longer_up_to_a_longest() {
        let mut patience = Patience::new(Duration::from_mins(1));
        for headers in [
            HeaderMap::new(),
            said("Fri, 31 Dec 1999 23:59:59 GMT"),
            said("-1"),
        ] {
            let first = patience.next_wait(&headers).expect("there is time");
            let second = patience.next_wait(&headers).expect("there is time");
            assert!(second > first || second == LONGEST);
        }
    }

    proptest::proptest! {
        #[test]
        fn no_bound_is_passed_and_every_call_comes_to_an_end(
            bound in 0_u64..200,
            stated in proptest::collection::vec(proptest::option::of(0_u64..20), 3000),
        ) {
            let bound = Duration::from_secs(bound);
            let mut patience = Patience::new(bound);
            let mut waited = Duration::ZERO;
            let mut is_over = false;
            for stated in stated {
                let headers = stated.map_or_else(HeaderMap::new, |stated| said(&stated.to_string()));
                match patience.next_wait(&headers) {
                    Some(wait) => waited += wait,
                    None => {
                        is_over = true;
                        break;
                    }
                }
            }
            proptest::prop_assert!(waited <= bound);
            proptest::prop_assert!(is_over);
        }
    }
}
