//! Use cases around logins.

use crate::kernel::error::Error;
use crate::provisioning::LoginKind;
use crate::provisioning::line::{Line, LineField};
use crate::provisioning::subscriber::LoginName;
use crate::router::Router;
use crate::store::Tx;

/// Refuses a name that a login of this menu has or had, and an address that another login has.
pub(super) async fn refuse_taken(
    tx: &mut dyn Tx,
    router: &Router,
    kind: LoginKind,
    name: &LoginName,
    line: &Line,
) -> Result<(), Error> {
    if tx.login_by_name(router.id, kind, name.as_str()).await?.is_some() {
        let text = format!("`{name}` is taken on router {}", router.name);
        return Err(Error::conflict("login", text));
    }
    let Some(address) = line.get(LineField::RemoteAddress) else { return Ok(()) };
    match tx.login_by_address(router.id, address).await? {
        Some(other) => {
            let text = format!("{address} is the address of `{}` on {}", other.name, router.name);
            Err(Error::conflict("remote_address", text))
        }
        None => Ok(()),
    }
}
