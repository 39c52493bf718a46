/// The result of walking a manifest or reading a configuration.
#[derive(Clone, Copy)]
pub(super) struct WalkOutcome {
    /// The document itself has been reported, now or earlier.
    pub(super) present: bool,
    /// Everything below it has been reported, too.
    pub(super) whole: bool,
    /// Nothing has been lost: whatever is missing has vanished.
    pub(super) lossless: bool,
    /// Walking it again in the same repository would come to the same.
    pub(super) settled: bool,
}

impl WalkOutcome {
    pub(super) const COMPLETE: Self = Self {
        present: true,
        whole: true,
        lossless: true,
        settled: true,
    };
    pub(super) const VANISHED: Self = Self {
        present: false,
        whole: false,
        lossless: true,
        settled: true,
    };
    /// It could not be read, and another attempt may be able to.
    pub(super) const LOST: Self = Self {
        lossless: false,
        settled: false,
        ..Self::VANISHED
    };
    /// It was read, or is left out, and cannot be counted.
    pub(super) const REFUSED: Self = Self {
        settled: true,
        ..Self::LOST
    };

    /// The result for a document, given the result for a part below it.
    pub(super) fn with(self, below: Self) -> Self {
        Self {
            present: self.present,
            whole: self.whole && below.whole,
            lossless: self.lossless && below.lossless,
            settled: self.settled && below.settled,
        }
    }

    pub(super) fn with_loss(self) -> Self {
        Self {
            lossless: false,
            ..self
        }
    }
}
