//! Use cases around repeated requests: the first answer is kept and given again.

use jiff::Timestamp;
use uuid::Uuid;

use crate::kernel::caller::Mode;
use crate::kernel::error::Error;
use crate::request::answer::{
    ANSWER_BYTES_MAX, ANSWER_KEPT, AnswerClaim, AnswerLease, AnswerRow, Found, KeptAnswer,
    KeyedRequest, SealedAnswer, found,
};
use crate::store::Tx;
use crate::transact::{reading, transact};

use super::Billing;

/// What the body of a request's answer is sealed for.
fn purpose(request: &KeyedRequest) -> String {
    format!("answer:{}:{}", request.actor, request.key.as_str())
}

impl Billing {
    /// Claims a request: of many equal ones at a time, in this process and in others, one has the
    /// right to do it until it is answered or a minute has passed. The others hear that somebody works
    /// on it, and then its answer, for seven days.
    ///
    /// # Errors
    ///
    /// What the store reports.
    pub async fn claim_answer(&self, request: &KeyedRequest) -> Result<AnswerClaim, Error> {
        let now = self.now();
        let lease = self.lease_id();
        transact!(self.store(), Mode::Commit, |tx| { claim(self, tx, request, lease, now).await })
    }

    /// Looks how a request stands that somebody else works on; claims it if nobody does any more.
    ///
    /// # Errors
    ///
    /// What the store reports.
    pub async fn look_for_answer(&self, request: &KeyedRequest) -> Result<AnswerClaim, Error> {
        let row =
            reading!(self.store(), |tx| tx.answer_by_key(&request.actor, &request.key).await)?;
        match self.read_answer(request, row.as_ref(), self.now())? {
            Some(known) => Ok(known),
            None => self.claim_answer(request).await,
        }
    }

    /// Keeps the answer to a request for those who repeat it. One whose lease ran out, so that another
    /// has the request now, keeps nothing; neither does a body of more than 256 KiB: its request is let
    /// go.
    ///
    /// # Errors
    ///
    /// What the store reports.
    pub async fn keep_answer(&self, lease: &AnswerLease, answer: &KeptAnswer) -> Result<(), Error> {
        if answer.body.len() > ANSWER_BYTES_MAX {
            return self.let_go_answer(lease).await;
        }
        let purpose = purpose(&lease.request);
        let sealed = SealedAnswer {
            status: answer.status,
            head: answer.head.clone(),
            body: self.parts().master_key.seal_bytes(
                &answer.body,
                &purpose,
                self.parts().entropy.as_ref(),
            ),
        };
        transact!(self.store(), Mode::Commit, |tx| {
            tx.answer_settle(lease, &sealed).await.map(drop)
        })
    }

    /// Lets go of a request without an answer that is worth keeping: the next one who asks does it
    /// again, and its key keeps it from happening twice.
    ///
    /// # Errors
    ///
    /// What the store reports.
    pub async fn let_go_answer(&self, lease: &AnswerLease) -> Result<(), Error> {
        transact!(self.store(), Mode::Commit, |tx| tx.answer_let_go(lease).await)
    }

    fn lease_id(&self) -> Uuid {
        let mut bytes = [0; 16];
        self.parts().entropy.fill(&mut bytes);
        Uuid::from_bytes(bytes)
    }

    /// What is known of a request; `None` if it may be claimed.
    fn read_answer(
        &self,
        request: &KeyedRequest,
        row: Option<&AnswerRow>,
        now: Timestamp,
    ) -> Result<Option<AnswerClaim>, Error> {
        Ok(Some(match found(row, request.input, now) {
            Found::Free => return Ok(None),
            Found::Working => AnswerClaim::Working,
            Found::Reused => AnswerClaim::Reused,
            Found::Answered(sealed) => AnswerClaim::Answered(KeptAnswer {
                status: sealed.status,
                head: sealed.head.clone(),
                body: self.parts().master_key.open_bytes(&sealed.body, &purpose(request))?,
            }),
        }))
    }
}

async fn claim(
    billing: &Billing,
    tx: &mut dyn Tx,
    request: &KeyedRequest,
    lease: Uuid,
    now: Timestamp,
) -> Result<AnswerClaim, Error> {
    let lease = AnswerLease { request: request.clone(), lease };
    let over = now.saturating_sub(ANSWER_KEPT).unwrap_or(Timestamp::MIN);
    if tx.answer_claim(&lease, now, over).await? {
        return Ok(AnswerClaim::Ours(lease));
    }
    let row = tx.answer_by_key(&request.actor, &request.key).await?;
    // Whoever had it may have let go of it between the two statements.
    Ok(billing.read_answer(request, row.as_ref(), now)?.unwrap_or(AnswerClaim::Working))
}
