//! Making a list that fails as short as it can be, so that somebody may read it.

/// Most lists tried: enough for some hundred items of which few matter. A scenario takes
/// milliseconds, so a failure is told within seconds. What is left then is as short as it got.
pub const SHRINK_TRIES_MAX: usize = 2_000;

/// The shortest part of `list` found that still fails, in its order: nothing of it can be left
/// out alone, unless [`SHRINK_TRIES_MAX`] tries were not enough. `list` itself is taken to fail.
///
/// Leaves out halves, then quarters, and so on down to single items, as long as what is left
/// fails: the complements of "Simplifying and Isolating Failure-Inducing Input" (Zeller and
/// Hildebrandt, 2002), taken greedily.
///
/// ```
/// let found = holm_sim::shrink(&[3, 1, 4, 1, 5, 9, 2, 6], |list| list.iter().sum::<u32>() >= 10);
/// assert_eq!(found, [5, 9]);
/// ```
pub fn shrink<T: Clone>(list: &[T], mut fails: impl FnMut(&[T]) -> bool) -> Vec<T> {
    let mut shortest = list.to_vec();
    let mut tries = 0;
    let mut size = shortest.len().div_ceil(2);
    while size > 0 {
        let before = shortest.len();
        let mut at = 0;
        while at < shortest.len() {
            if tries == SHRINK_TRIES_MAX {
                return shortest;
            }
            tries += 1;
            let end = shortest.len().min(at + size);
            let rest = [&shortest[..at], &shortest[end..]].concat();
            if fails(&rest) {
                shortest = rest;
            } else {
                at = end;
            }
        }
        // Single items are gone over until each is needed.
        size = if size > 1 { size / 2 } else { usize::from(shortest.len() < before) };
    }
    shortest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_matters_is_left_wherever_it_stood() {
        let list: Vec<u32> = (0..100).collect();
        for wanted in [vec![], vec![0], vec![99], vec![3, 50, 51], (0..100).collect()] {
            let found = shrink(&list, |part| wanted.iter().all(|item| part.contains(item)));
            assert_eq!(found, wanted);
        }
    }

    #[test]
    fn nothing_that_is_left_can_go_alone() {
        // Fails with 7 in it, and an even number of items: single items can never go.
        let fails = |part: &[u32]| part.contains(&7) && part.len().is_multiple_of(2);
        let list: Vec<u32> = (0..32).collect();
        let found = shrink(&list, fails);
        assert!(fails(&found), "{found:?}");
        for left_out in 0..found.len() {
            let mut rest = found.clone();
            rest.remove(left_out);
            assert!(!fails(&rest), "{found:?} without {left_out}");
        }
        assert!(found.len() < list.len());
    }

    #[test]
    fn it_gives_up_in_time() {
        let list: Vec<usize> = (0..10 * SHRINK_TRIES_MAX).collect();
        let mut tries = 0;
        let found = shrink(&list, |part| {
            tries += 1;
            part.len() == list.len()
        });
        assert_eq!((found.len(), tries), (list.len(), SHRINK_TRIES_MAX));
    }
}
