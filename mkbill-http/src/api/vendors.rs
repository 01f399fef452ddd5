//! Vendors over HTTP.

use axum::Json;
use jiff::Timestamp;
use mkbill_core::kernel::error::Error;
use mkbill_core::kernel::permission::needs::{VendorsCreate, VendorsView};
use mkbill_core::kernel::search::SearchText;
use mkbill_core::vendor::store::VendorSort;
use mkbill_core::vendor::{NewVendor, Vendor};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::values::{PageBody, list_query, search_in};
use super::{Answer, Made, Problems, created};
use crate::auth::access::{Reads, Writes};
use crate::extract::{Json as Body, Path, Query, WriteHeaders, WriteQuery};

/// A vendor to be added.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewVendor)]
pub(crate) struct NewVendorBody {
    /// Short and unique: 1 to 20 of A-Z, 0-9 and -.
    #[schema(example = "WARUNG-01", min_length = 1, max_length = 20, pattern = "^[A-Z0-9-]+$")]
    pub(crate) code: String,
    /// Name for people: 1 to 100 characters.
    #[schema(example = "Warung Bu Sri", min_length = 1, max_length = 100)]
    pub(crate) name: String,
}

impl NewVendorBody {
    pub(crate) fn read(self) -> Result<NewVendor, Error> {
        Ok(NewVendor { code: self.code.parse()?, name: self.name })
    }
}

/// An outlet that sells vouchers.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Vendor)]
pub(crate) struct VendorBody {
    /// Identity.
    pub(crate) id: Uuid,
    /// Short unique code.
    pub(crate) code: String,
    /// Name for people.
    pub(crate) name: String,
    /// When it was added.
    pub(crate) created_at: Timestamp,
}

impl From<Vendor> for VendorBody {
    fn from(vendor: Vendor) -> Self {
        Self {
            id: vendor.id.uuid(),
            code: vendor.code.to_string(),
            name: vendor.name,
            created_at: vendor.created_at,
        }
    }
}

/// Adds a vendor.
#[utoipa::path(post, path = "/vendors", tag = "vendors", params(WriteHeaders, WriteQuery),
    request_body = NewVendorBody,
    responses((status = 201, description = "Added; `Location` says where", body = VendorBody),
        (status = 200, description = "Only tried", body = VendorBody), Problems))]
pub(crate) async fn add_vendor(
    billing: Writes<VendorsCreate>,
    Body(body): Body<NewVendorBody>,
) -> Made {
    let vendor = VendorBody::from(billing.add_vendor(&billing.caller, body.read()?).await?);
    Ok(created(&billing.caller, &format!("/api/v1/vendors/{}", vendor.id), vendor))
}

list_query! {
    /// Which vendors, and which page of them.
    VendorsQuery by VendorSort {
        /// A part of the code or the name, whatever its case.
        #[param(min_length = 1, max_length = 100, example = "warung")]
        search: Option<String>,
    }
}

impl VendorsQuery {
    pub(crate) fn text(&self) -> Result<Option<SearchText>, Error> {
        search_in("search", self.search.as_deref())
    }
}

/// Lists vendors, oldest first unless asked otherwise.
#[utoipa::path(get, path = "/vendors", tag = "vendors", params(VendorsQuery),
    responses((status = 200, description = "A page", body = PageBody<VendorBody>), Problems))]
pub(crate) async fn list_vendors(
    billing: Reads<VendorsView>,
    Query(query): Query<VendorsQuery>,
) -> Answer<PageBody<VendorBody>> {
    let (text, page) = (query.text()?, query.page()?);
    Ok(Json(PageBody::of(billing.vendors(text.as_ref(), page).await?, VendorBody::from)))
}

/// Shows a vendor.
#[utoipa::path(get, path = "/vendors/{vendor}", tag = "vendors",
    params(("vendor" = String, Path, description = "Code or id")),
    responses((status = 200, description = "The vendor", body = VendorBody), Problems))]
pub(crate) async fn show_vendor(
    billing: Reads<VendorsView>,
    Path(vendor): Path<String>,
) -> Answer<VendorBody> {
    Ok(Json(billing.vendor(&vendor).await?.into()))
}
