use super::order::Step;

/// Takes steps together to at most so many waves. Returns the number of steps up to the end of each wave.
///
/// After each wave the plan is at a corner of the curve of saving over effort. The corners are chosen so that straight lines
/// between them follow the curve closely: the one that is farthest from the present lines comes next (Douglas and Peucker,
/// 1973).
pub fn waves<'s>(steps: impl IntoIterator<Item = &'s Step>, most: usize) -> Vec<usize> {
    let mut corners = vec![Corner::default()];
    for step in steps {
        corners.push(corners[corners.len() - 1].after(step));
    }
    let last = corners.len() - 1;
    if last == 0 || most == 0 {
        return Vec::new();
    }
    let mut ends = vec![0, last];
    while ends.len() <= most {
        let lines = ends.windows(2).flat_map(|line| {
            let (from, to) = (&corners[line[0]], &corners[line[1]]);
            let between = line[0] + 1..line[1];
            between.map(|corner| (corners[corner].above(from, to), corner))
        });
        // Of equal ones, the first.
        let farthest = lines.reduce(|best, next| if next.0 > best.0 { next } else { best });
        let Some((_, corner)) = farthest else { break };
        ends.push(corner);
        ends.sort_unstable();
    }
    ends.split_off(1)
}

/// What all steps up to a point save, and their effort.
#[derive(Debug, Clone, Copy, Default)]
struct Corner {
    saving: i128,
    effort: u64,
}

impl Corner {
    fn after(self, step: &Step) -> Self {
        Self {
            saving: self.saving + step.saving,
            effort: self.effort + step.effort,
        }
    }

    /// How many bytes it lies above a line between two others, rounded down.
    fn above(self, from: &Self, to: &Self) -> i128 {
        let whole = i128::from(to.effort - from.effort);
        let part = i128::from(self.effort - from.effort);
        let on_line = match whole {
            0 => 0,
            _ => (to.saving - from.saving) * part / whole,
        };
        self.saving - from.saving - on_line
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(saving: i128, effort: u64) -> Step {
        Step {
            repositories: vec![0],
            shares: vec![saving],
            saving,
            effort,
        }
    }

    #[test]
    fn waves_end_where_the_curve_bends_most() {
        let steps = [
            step(100, 1),
            step(90, 1),
            step(10, 1),
            step(9, 1),
            step(1, 1),
            step(1, 1),
        ];
        assert_eq!(waves(&steps, 1), [6]);
        assert_eq!(waves(&steps, 2), [2, 6]);
        assert_eq!(waves(&steps, 3), [2, 4, 6]);
        assert_eq!(waves(&steps, 100), [1, 2, 3, 4, 5, 6]);
    }

    #[test]
    fn steps_without_effort_are_a_wave_of_their_own_if_two_are_allowed() {
        assert_eq!(waves(&[step(5, 0), step(5, 0), step(7, 1)], 2), [2, 3]);
    }

    #[test]
    fn without_steps_there_are_no_waves() {
        assert!(waves(&[], 3).is_empty());
        assert!(waves(&[step(1, 1)], 0).is_empty());
    }
}
