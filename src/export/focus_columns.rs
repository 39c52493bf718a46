/// A version of FOCUS, the FinOps Open Cost and Usage Specification.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum FocusVersion {
    /// 1.2, which most tools read.
    #[default]
    V1_2,
    /// 1.4, the latest.
    V1_4,
}

/// A column of a FOCUS dataset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Column {
    pub(super) name: &'static str,
    in_1_2: bool,
    in_1_4: bool,
}

impl Column {
    /// Whether a version of the specification has the column.
    pub(super) const fn is_in(self, version: FocusVersion) -> bool {
        match version {
            FocusVersion::V1_2 => self.in_1_2,
            FocusVersion::V1_4 => self.in_1_4,
        }
    }
}

const fn both(name: &'static str) -> Column {
    Column {
        name,
        in_1_2: true,
        in_1_4: true,
    }
}

const fn only_1_2(name: &'static str) -> Column {
    Column {
        name,
        in_1_2: true,
        in_1_4: false,
    }
}

const fn only_1_4(name: &'static str) -> Column {
    Column {
        name,
        in_1_2: false,
        in_1_4: true,
    }
}

/// All columns in the order of exports: by name, custom ones last. Columns that do not apply are present but empty,
/// because the reader decides whether they apply.
pub(super) const COLUMNS: &[Column] = &[
    only_1_4("AllocatedMethodDetails"),
    only_1_4("AllocatedMethodId"),
    only_1_4("AllocatedResourceId"),
    only_1_4("AllocatedResourceName"),
    only_1_4("AllocatedTags"),
    both("AvailabilityZone"),
    both("BilledCost"),
    both("BillingAccountId"),
    both("BillingAccountName"),
    both("BillingAccountType"),
    both("BillingCurrency"),
    both("BillingPeriodEnd"),
    both("BillingPeriodStart"),
    both("CapacityReservationId"),
    both("CapacityReservationStatus"),
    both("ChargeCategory"),
    both("ChargeClass"),
    both("ChargeDescription"),
    both("ChargeFrequency"),
    both("ChargePeriodEnd"),
    both("ChargePeriodStart"),
    both("CommitmentDiscountCategory"),
    both("CommitmentDiscountId"),
    both("CommitmentDiscountName"),
    both("CommitmentDiscountQuantity"),
    both("CommitmentDiscountStatus"),
    both("CommitmentDiscountType"),
    both("CommitmentDiscountUnit"),
    only_1_4("CommitmentProgramEligibilityDetails"),
    both("ConsumedQuantity"),
    both("ConsumedUnit"),
    only_1_4("ContractApplied"),
    both("ContractedCost"),
    both("ContractedUnitPrice"),
    both("EffectiveCost"),
    only_1_4("HostProviderName"),
    only_1_4("InvoiceDetailId"),
    both("InvoiceId"),
    both("InvoiceIssuerName"),
    both("ListCost"),
    both("ListUnitPrice"),
    both("PricingCategory"),
    both("PricingCurrency"),
    both("PricingCurrencyContractedUnitPrice"),
    both("PricingCurrencyEffectiveCost"),
    both("PricingCurrencyListUnitPrice"),
    both("PricingQuantity"),
    both("PricingUnit"),
    only_1_2("ProviderName"),
    only_1_2("PublisherName"),
    both("RegionId"),
    both("RegionName"),
    both("ResourceId"),
    both("ResourceName"),
    both("ResourceType"),
    both("ServiceCategory"),
    both("ServiceName"),
    only_1_4("ServiceProviderName"),
    both("ServiceSubcategory"),
    both("SkuId"),
    both("SkuMeter"),
    both("SkuPriceDetails"),
    both("SkuPriceId"),
    both("SubAccountId"),
    both("SubAccountName"),
    both("SubAccountType"),
    both("Tags"),
    both("x_AllocationMethod"),
    both("x_PriceBook"),
    both("x_PriceBookVersion"),
    both("x_Scenario"),
    both("x_Warnings"),
];
