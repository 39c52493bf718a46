use super::FaultKind;

/// Counts faults up to a limit, and those beyond it: a hostile registry causes any number of them, and a list of
/// a million helps no reader.
#[derive(Debug, Clone)]
pub struct FaultLimit {
    most: u64,
    met: u64,
    /// The gravest kind of those beyond the limit.
    gravest: Option<FaultKind>,
}

impl FaultLimit {
    /// The most faults that are listed below one tag. Our choice of December 2026: an index of official images
    /// has about 20 manifests.
    pub const OF_TAG: u64 = 100;
    /// The most faults that are listed of one crawl. Our choice of December 2026: about 2 MB in the database.
    pub const OF_CRAWL: u64 = 10_000;

    /// Lists at most so many faults.
    pub fn new(most: u64) -> Self {
        Self {
            most,
            met: 0,
            gravest: None,
        }
    }

    /// Counts a fault. Returns whether it is to be listed.
    pub fn admits(&mut self, kind: FaultKind) -> bool {
        self.met += 1;
        if self.met <= self.most {
            return true;
        }
        if self
            .gravest
            .is_none_or(|gravest| kind.is_loss() && !gravest.is_loss())
        {
            self.gravest = Some(kind);
        }
        false
    }

    /// How many faults are beyond the limit, and their kind: a loss if any of them is one.
    pub fn beyond(&self) -> Option<(u64, FaultKind)> {
        let kind = self.gravest?;
        Some((self.met.saturating_sub(self.most), kind))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_beyond_the_limit_is_counted_and_a_loss_among_it_stays_a_loss() {
        let mut limit = FaultLimit::new(2);
        assert_eq!(limit.beyond(), None, "nothing was met");
        assert!(limit.admits(FaultKind::Vanished) && limit.admits(FaultKind::Invalid));
        assert_eq!(limit.beyond(), None);
        for kind in [FaultKind::Vanished, FaultKind::Denied, FaultKind::Broken] {
            assert!(!limit.admits(kind));
        }
        assert_eq!(limit.beyond(), Some((3, FaultKind::Denied)));
    }
}
