//! Use cases around notices.

use crate::kernel::error::Error;
use crate::kernel::page::{Page, PageRequest};
use crate::notice::store::{NoticeFilter, NoticeRow, NoticeSort};
use crate::transact::reading;

use super::Reader;

impl Reader {
    /// What was and will be told to customers and operators; newest first if asked for in no order.
    pub async fn notices(
        &self,
        filter: NoticeFilter,
        page: PageRequest<NoticeSort>,
    ) -> Result<Page<NoticeRow>, Error> {
        reading!(self.store(), |tx| tx.notice_page(filter, page).await)
    }
}
