//! Groups of weights: pools of miners, each with a sum of its own.

use std::collections::BTreeMap;

use super::WeightsError;
use crate::units::Uid;

/// Which weights belong together. The sum of each group is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WeightGroups {
    /// A label for each weight: those with one label are a group.
    Labels(Vec<String>),
    /// The uids of each group. The weights of all other uids are one more group.
    Uids(Vec<Vec<Uid>>),
}

impl WeightGroups {
    /// The places of the weights of each group, for the uids of the weights.
    pub(super) fn places(&self, uids: &[Option<Uid>]) -> Result<Vec<Vec<usize>>, WeightsError> {
        match self {
            Self::Labels(labels) if labels.len() != uids.len() => {
                Err(WeightsError::Length { what: "groups", found: labels.len(), weights: uids.len() })
            }
            Self::Labels(labels) => Ok(gathered(labels.iter())),
            Self::Uids(groups) => {
                let mut group_of = BTreeMap::new();
                for (group, uid) in
                    (0usize..).zip(groups).flat_map(|(n, uids)| uids.iter().map(move |uid| (n, uid)))
                {
                    if group_of.insert(*uid, group).is_some() {
                        return Err(WeightsError::TwoGroups(uid.0));
                    }
                }
                Ok(gathered(uids.iter().map(|uid| uid.and_then(|uid| group_of.get(&uid)))))
            }
        }
    }
}

/// The places of equal things, in the order of the things.
fn gathered<T: Ord>(things: impl Iterator<Item = T>) -> Vec<Vec<usize>> {
    let mut places: BTreeMap<T, Vec<usize>> = BTreeMap::new();
    things.enumerate().for_each(|(place, thing)| places.entry(thing).or_default().push(place));
    places.into_values().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_and_lists_of_uids_name_the_same_groups() {
        let uids: Vec<Option<Uid>> =
            [Some(3), Some(7), None, Some(9), Some(4)].map(|uid| uid.map(Uid)).into();
        let labels = WeightGroups::Labels(["a", "b", "", "", "a"].map(str::to_owned).into());
        let lists = WeightGroups::Uids(vec![vec![Uid(4), Uid(3), Uid(100)], vec![Uid(7)]]);
        let expected = vec![vec![2, 3], vec![0, 4], vec![1]];
        assert_eq!(labels.places(&uids).unwrap(), expected);
        assert_eq!(lists.places(&uids).unwrap(), expected);
        assert_eq!(WeightGroups::Uids(Vec::new()).places(&uids).unwrap(), [vec![0, 1, 2, 3, 4]]);
    }

    #[test]
    fn what_names_no_groups_is_refused() {
        let short = WeightGroups::Labels(vec!["a".to_owned()]);
        let length = WeightsError::Length { what: "groups", found: 1, weights: 2 };
        assert_eq!(short.places(&[None, None]), Err(length));
        let twice = WeightGroups::Uids(vec![vec![Uid(1)], vec![Uid(2), Uid(1)]]);
        assert_eq!(twice.places(&[None]), Err(WeightsError::TwoGroups(1)));
    }
}
