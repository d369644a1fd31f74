//! Utterances of several stores in one order, and what those of different corpora are called there.

use std::collections::{BTreeSet, HashMap, HashSet};

use super::division::refuse;
use super::error::StoreError;
use super::item::Facts;
use super::reader::Store;
use super::remarks::Remark;

/// An utterance of one of the stores.
#[derive(Clone, Copy)]
pub(super) struct Place {
    pub(super) store: u32,
    /// Among the utterances, or among those that are missing.
    pub(super) index: u32,
    pub(super) is_missing: bool,
}

/// An utterance of the whole.
pub(super) struct Row {
    pub(super) place: Place,
    /// Its name and speaker there, where they are not those of its store.
    name: Option<String>,
    speaker: Option<String>,
}

impl Place {
    fn name(self, stores: &[Store]) -> Result<&str, StoreError> {
        let store = &stores[self.store as usize];
        match self.is_missing {
            true => Ok(&store.summary().missing[self.index as usize].name),
            false => Ok(store.entry(self.index as usize)?.name),
        }
    }
}

impl Row {
    pub(super) fn unchanged(place: Place) -> Self {
        Self {
            place,
            name: None,
            speaker: None,
        }
    }

    pub(super) fn name<'a>(&'a self, stores: &'a [Store]) -> Result<&'a str, StoreError> {
        match &self.name {
            Some(name) => Ok(name),
            None => self.place.name(stores),
        }
    }

    pub(super) fn facts<'a>(&'a self, stores: &'a [Store]) -> Result<Facts<'a>, StoreError> {
        let store = &stores[self.place.store as usize];
        let name = self.name(stores)?;
        if self.place.is_missing {
            return Ok(Facts {
                name,
                speaker: "",
                session: None,
                columns: Vec::new(),
            });
        }
        let entry = store.entry(self.place.index as usize)?;
        Ok(Facts {
            name,
            speaker: self.speaker.as_deref().unwrap_or(entry.speaker),
            session: entry.session,
            columns: store.columns(self.place.index as usize)?,
        })
    }
}

/// All utterances of all stores.
pub(super) fn places(stores: &[Store]) -> impl Iterator<Item = Place> {
    (0..).zip(stores).flat_map(|(store, of)| {
        let own = (0..of.len() as u32).map(|index| (index, false));
        let missing = (0..of.summary().missing.len() as u32).map(|index| (index, true));
        own.chain(missing).map(move |(index, is_missing)| Place {
            store,
            index,
            is_missing,
        })
    })
}

/// Brings rows into the order of their names, of which none may be there twice.
///
/// # Errors
/// [`StoreError::Merge`].
pub(super) fn sort(
    rows: &mut Vec<Row>,
    stores: &[Store],
    whose: &str,
    remedy: &'static str,
) -> Result<(), StoreError> {
    let mut named = Vec::with_capacity(rows.len());
    for (at, row) in rows.iter().enumerate() {
        named.push((row.name(stores)?, at));
    }
    named.sort_unstable();
    for pair in named.windows(2) {
        if pair[0].0 == pair[1].0 {
            return Err(refuse(format!("`{}` is in {whose}", pair[0].0), remedy));
        }
    }
    let order: Vec<usize> = named.into_iter().map(|(_, at)| at).collect();
    let mut taken: Vec<Option<Row>> = rows.drain(..).map(Some).collect();
    rows.extend(order.into_iter().filter_map(|at| taken[at].take()));
    Ok(())
}

/// The utterances of whole stores.
pub(super) struct Union {
    pub(super) rows: Vec<Row>,
    /// How many speakers were renamed, if any was.
    pub(super) renamed: Option<Remark>,
}

impl Union {
    /// The utterances of `stores`, those of different corpora told apart.
    ///
    /// # Errors
    /// [`StoreError::Merge`] where one corpus has one utterance twice.
    pub(super) fn of(stores: &[Store]) -> Result<Self, StoreError> {
        let labels = labels(stores);
        let corpus = |place: Place| -> Result<&str, StoreError> {
            let label = labels[place.store as usize].as_str();
            if place.is_missing {
                return Ok(label);
            }
            let store = &stores[place.store as usize];
            Ok(store
                .column(place.index as usize, crate::column::CORPUS)?
                .unwrap_or(label))
        };
        // Corpora that have a speaker, or an utterance, of a name.
        let mut speakers: HashMap<&str, BTreeSet<&str>> = HashMap::new();
        let mut names: HashMap<&str, BTreeSet<&str>> = HashMap::new();
        for place in places(stores) {
            let of = corpus(place)?;
            names.entry(place.name(stores)?).or_default().insert(of);
            if !place.is_missing {
                let entry = stores[place.store as usize].entry(place.index as usize)?;
                speakers.entry(entry.speaker).or_default().insert(of);
            }
        }
        let mut rows = Vec::new();
        let mut renamed: HashSet<String> = HashSet::new();
        let mut example: Option<(String, String)> = None;
        for place in places(stores) {
            let of = corpus(place)?;
            let mut row = Row::unchanged(place);
            let name = place.name(stores)?;
            if names.get(name).is_some_and(|corpora| corpora.len() > 1) {
                row.name = Some(format!("{of}/{name}"));
            }
            if !place.is_missing {
                let entry = stores[place.store as usize].entry(place.index as usize)?;
                if speakers
                    .get(entry.speaker)
                    .is_some_and(|corpora| corpora.len() > 1)
                {
                    let new = format!("{of}/{}", entry.speaker);
                    if renamed.insert(new.clone()) && example.is_none() {
                        example = Some((entry.speaker.to_owned(), new.clone()));
                    }
                    row.speaker = Some(new);
                }
            }
            rows.push(row);
        }
        sort(
            &mut rows,
            stores,
            "two of the stores, in one corpus",
            "leave one of the stores out",
        )?;
        let renamed = example.map(|(old, new)| Remark {
            kind: "SpeakersRenamed".to_owned(),
            count: renamed.len() as u64,
            found: format!(
                "speakers of one name in different corpora are not one person: they are named by their corpus too, as `{old}`, who is `{new}`"
            ),
            first: new,
        });
        Ok(Self { rows, renamed })
    }
}

/// What the corpus of each store is called where no column says it: the name of its folder, which of equal ones has a number.
fn labels(stores: &[Store]) -> Vec<String> {
    let mut labels: Vec<String> = Vec::new();
    for store in stores {
        let path = std::path::absolute(store.path()).unwrap_or_else(|_| store.path().to_owned());
        let stem = path
            .file_stem()
            .map_or_else(String::new, |stem| stem.to_string_lossy().into_owned());
        let mut label = stem.clone();
        let mut number = 2;
        while labels.contains(&label) {
            label = format!("{stem}-{number}");
            number += 1;
        }
        labels.push(label);
    }
    labels
}
