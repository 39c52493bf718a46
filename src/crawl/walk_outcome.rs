/// What came of walking a manifest or reading a configuration.
#[derive(Clone, Copy)]
pub(super) struct WalkOutcome {
    /// The document itself has been reported, now or before.
    pub(super) present: bool,
    /// Everything beneath has been, too.
    pub(super) whole: bool,
    /// Nothing has been lost: whatever is missing has vanished.
    pub(super) lossless: bool,
}

impl WalkOutcome {
    pub(super) const COMPLETE: Self = Self {
        present: true,
        whole: true,
        lossless: true,
    };
    pub(super) const VANISHED: Self = Self {
        present: false,
        whole: false,
        lossless: true,
    };
    pub(super) const LOST: Self = Self {
        lossless: false,
        ..Self::GONE
    };

    /// What came of a document given what came of a part beneath it.
    pub(super) fn with(self, beneath: Self) -> Self {
        Self {
            present: self.present,
            whole: self.whole && beneath.whole,
            lossless: self.lossless && beneath.lossless,
        }
    }

    pub(super) fn with_loss(self) -> Self {
        Self {
            lossless: false,
            ..self
        }
    }
}
