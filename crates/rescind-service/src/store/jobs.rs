//! Revokes that a deletion asked for. A job is written with the deletion, so that it is known to a
//! later start if this process dies, and ends with what came of it.

use rusqlite::params;

use super::{Store, StoreError, accounts};
use crate::clock::Timestamp;
use crate::identifier::{self, REVOKE_JOB_PREFIX};

/// A revoke that is to be made in the background.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RevokeJob {
    pub(crate) id: String,
    pub(crate) account_id: String,
}

/// What came of a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum JobEnding {
    /// The account is REVOKED.
    Done,
    /// It is not, and another try would change nothing.
    Failed,
}

impl JobEnding {
    fn state(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Failed => "failed",
        }
    }
}

impl Store {
    /// Hides an account from clients and writes down that it is to be revoked, if it still has
    /// the version on which its caller decided.
    pub(crate) async fn delete_and_revoke(
        &self,
        account_id: &str,
        version: i64,
        now: Timestamp,
    ) -> Result<Option<RevokeJob>, StoreError> {
        let job = RevokeJob {
            id: identifier::generate(REVOKE_JOB_PREFIX)?,
            account_id: account_id.to_owned(),
        };
        self.write(move |transaction| {
            let changed = transaction.execute(
                "UPDATE connected_accounts SET hidden_at = ?1, updated_at = ?1
                 WHERE id = ?2 AND version = ?3 AND deleted_at IS NULL AND hidden_at IS NULL",
                params![now.0, job.account_id, version],
            )?;
            if changed == 0 {
                return Ok(None);
            }
            transaction.execute(
                "INSERT INTO revoke_jobs (id, account_id, state, created_at)
                 VALUES (?, ?, 'pending', ?)",
                params![job.id, job.account_id, now.0],
            )?;
            Ok(Some(job))
        })
        .await
    }

    /// The jobs that have not ended, oldest first.
    pub(crate) async fn pending_revoke_jobs(&self) -> Result<Vec<RevokeJob>, StoreError> {
        self.read(|transaction| {
            let mut statement = transaction.prepare(
                "SELECT id, account_id FROM revoke_jobs WHERE state = 'pending'
                 ORDER BY created_at, id",
            )?;
            let jobs = statement.query_map([], |row| {
                Ok(RevokeJob {
                    id: row.get("id")?,
                    account_id: row.get("account_id")?,
                })
            })?;
            Ok(jobs.collect::<Result<_, _>>()?)
        })
        .await
    }

    /// Ends a job. After one that failed the account is deleted as if no revoke had been asked
    /// for; after the other kind it holds nothing any more, and stays REVOKED so that tokens which
    /// a refresh brings late are revoked, too.
    pub(crate) async fn end_revoke_job(
        &self,
        job: &RevokeJob,
        ending: JobEnding,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let job = job.clone();
        self.write(move |transaction| {
            let changed = transaction.execute(
                "UPDATE revoke_jobs SET state = ?, ended_at = ? WHERE id = ? AND state = 'pending'",
                params![ending.state(), now.0, job.id],
            )?;
            if changed == 1 && ending == JobEnding::Failed {
                let condition = "id = ? AND deleted_at IS NULL";
                accounts::delete_where(transaction, condition, &job.account_id, now)?;
            }
            Ok(())
        })
        .await
    }
}
