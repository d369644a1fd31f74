//! The recordings that names mean which are spelled otherwise.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap, HashSet};

/// How a name differs from that of the recording that it means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Spelling {
    /// `.\a\1.wav` for `a/1.wav`: other separators, `./`.
    Separators,
    /// `a/1.m4a` for `a/1.wav`.
    Ending,
    /// `wav/a/1.wav` for `a/1.wav`, or the other way round.
    Folders,
    /// `wav/a/1.m4a` for `a/1.wav`.
    FoldersAndEnding,
    /// Kaldi's `a-1` for `a/1.wav`.
    Hyphens,
    /// `A/1.WAV` for `a/1.wav`, with or without any of the others.
    Case,
}

impl Spelling {
    /// In words, to follow "matched".
    pub fn words(self) -> &'static str {
        match self {
            Self::Separators => "with other separators of folders",
            Self::Ending => "without their endings",
            Self::Folders => "without the folders that they begin with",
            Self::FoldersAndEnding => "without endings and the folders that they begin with",
            Self::Hyphens => "with hyphens for folders",
            Self::Case => "without regard to capital letters",
        }
    }
}

/// What became of names that are no recording's own.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct NameMatches {
    /// Which of the known recordings a name means, and how it differs from it.
    pub found: BTreeMap<String, (usize, Spelling)>,
    /// Names that may mean several, with two of these; or that mean one which another name means, too.
    pub ambiguous: BTreeMap<String, Vec<usize>>,
    /// Names that mean none.
    pub unknown: Vec<String>,
}

impl NameMatches {
    /// Finds what `names` mean among `known`: other separators of folders, another ending, other folders before the name,
    /// hyphens for folders, and last all of these without regard to capital letters, in this order, where exactly one recording fits. Names that are a recording's own do not occur in the answer.
    pub fn find(names: &[&str], known: &[&str]) -> Self {
        let own: HashSet<&str> = known.iter().copied().collect();
        let others: Vec<&str> = names
            .iter()
            .copied()
            .filter(|name| !own.contains(name))
            .collect();
        if others.is_empty() {
            return Self::default();
        }
        let tables = Tables::new(&others, known);
        let mut matches = Self::default();
        // Who claims a recording: two names of one recording are no match, unless they differ by their separators alone.
        let mut claims: HashMap<usize, HashSet<Cow<'_, str>>> = HashMap::new();
        let places: HashMap<&str, usize> =
            known.iter().copied().zip(0..).collect::<HashMap<_, _>>();
        for name in names.iter().filter(|name| own.contains(**name)) {
            claims.entry(places[name]).or_default().insert(plain(name));
        }
        let small = Small::new(&others, known, &tables);
        for name in &others {
            let found = match tables.look_up(name) {
                Found::None => small.look_up(name),
                found => found,
            };
            match found {
                Found::One(place, spelling) => {
                    claims.entry(place).or_default().insert(plain(name));
                    matches.found.insert((*name).to_owned(), (place, spelling));
                }
                Found::Several(places) => {
                    matches.ambiguous.insert((*name).to_owned(), places);
                }
                Found::None => matches.unknown.push((*name).to_owned()),
            }
        }
        let is_shared = |place: &usize| claims[place].len() > 1;
        let shared: Vec<String> = matches
            .found
            .iter()
            .filter(|(_, (place, spelling))| *spelling != Spelling::Separators && is_shared(place))
            .map(|(name, _)| name.clone())
            .collect();
        for name in shared {
            if let Some((place, _)) = matches.found.remove(&name) {
                matches.ambiguous.insert(name, vec![place]);
            }
        }
        matches
    }

    /// How many names are matched in which way, with an example of each: its name and its recording.
    pub fn spellings(&self) -> BTreeMap<Spelling, (usize, &str, usize)> {
        let mut spellings = BTreeMap::new();
        for (name, (place, spelling)) in &self.found {
            let (count, _, _) =
                spellings
                    .entry(*spelling)
                    .or_insert((0_usize, name.as_str(), *place));
            *count += 1;
        }
        spellings
    }
}

/// The same without capital letters, made where some name is not found otherwise.
struct Small(Option<Tables>);

impl Small {
    fn new(names: &[&str], known: &[&str], tables: &Tables) -> Self {
        let is_lost = |name: &&&str| matches!(tables.look_up(name), Found::None);
        let lost: Vec<String> = names
            .iter()
            .filter(is_lost)
            .map(|name| name.to_lowercase())
            .collect();
        if lost.is_empty() {
            return Self(None);
        }
        let small: Vec<String> = known.iter().map(|name| name.to_lowercase()).collect();
        let lost: Vec<&str> = lost.iter().map(String::as_str).collect();
        let small: Vec<&str> = small.iter().map(String::as_str).collect();
        Self(Some(Tables::new(&lost, &small)))
    }

    fn look_up(&self, name: &str) -> Found {
        let found = self
            .0
            .as_ref()
            .map(|tables| tables.look_up(&name.to_lowercase()));
        match found {
            Some(Found::One(place, _)) => Found::One(place, Spelling::Case),
            Some(found) => found,
            None => Found::None,
        }
    }
}

enum Found {
    One(usize, Spelling),
    Several(Vec<usize>),
    None,
}

/// Known recordings by what of their names may be the same.
struct Tables {
    plain: HashMap<String, Vec<usize>>,
    stems: HashMap<String, Vec<usize>>,
    /// Ends of names, by their number of components.
    ends: HashMap<usize, HashMap<String, Vec<usize>>>,
    end_stems: HashMap<usize, HashMap<String, Vec<usize>>>,
    hyphens: HashMap<String, Vec<usize>>,
}

impl Tables {
    fn new(names: &[&str], known: &[&str]) -> Self {
        let depths: HashSet<usize> = names.iter().map(|name| depth(&plain(name))).collect();
        let mut tables = Self {
            plain: HashMap::new(),
            stems: HashMap::new(),
            ends: depths
                .iter()
                .map(|&depth| (depth, HashMap::new()))
                .collect(),
            end_stems: depths
                .iter()
                .map(|&depth| (depth, HashMap::new()))
                .collect(),
            hyphens: HashMap::new(),
        };
        for (place, name) in known.iter().enumerate() {
            let name = plain(name);
            let stem = stem(&name);
            for (&depth, ends) in &mut tables.ends {
                if let Some(end) = end_of(&name, depth) {
                    ends.entry(end.to_owned()).or_default().push(place);
                }
            }
            for (&depth, ends) in &mut tables.end_stems {
                if let Some(end) = end_of(stem, depth) {
                    ends.entry(end.to_owned()).or_default().push(place);
                }
            }
            let hyphens = stem.replace('/', "-");
            tables.hyphens.entry(hyphens).or_default().push(place);
            tables.stems.entry(stem.to_owned()).or_default().push(place);
            tables
                .plain
                .entry(name.into_owned())
                .or_default()
                .push(place);
        }
        tables
    }

    fn look_up(&self, name: &str) -> Found {
        let name = plain(name);
        let bare = stem(&name);
        let hyphens = bare.replace('/', "-");
        let of = |table: &HashMap<String, Vec<usize>>, key: &str| {
            table.get(key).cloned().unwrap_or_default()
        };
        let by_ends = |whole: &HashMap<String, Vec<usize>>,
                       ends: &HashMap<usize, HashMap<String, Vec<usize>>>,
                       name: &str| {
            let mut places = ends
                .get(&depth(name))
                .map_or_else(Vec::new, |ends| of(ends, name));
            for (at, _) in name.match_indices('/') {
                places.extend(of(whole, &name[at + 1..]));
            }
            places.sort_unstable();
            places.dedup();
            places
        };
        let ways: [(Spelling, &dyn Fn() -> Vec<usize>); 5] = [
            (Spelling::Separators, &|| of(&self.plain, &name)),
            (Spelling::Ending, &|| of(&self.stems, bare)),
            (Spelling::Folders, &|| {
                by_ends(&self.plain, &self.ends, &name)
            }),
            (Spelling::FoldersAndEnding, &|| {
                by_ends(&self.stems, &self.end_stems, bare)
            }),
            (Spelling::Hyphens, &|| of(&self.hyphens, &hyphens)),
        ];
        for (spelling, places) in ways {
            match places().as_slice() {
                [] => {}
                [place] => return Found::One(*place, spelling),
                several => return Found::Several(several[..2].to_vec()),
            }
        }
        Found::None
    }
}

/// A name with `/` between its parts, and neither `.` nor empty parts.
pub(crate) fn plain(name: &str) -> Cow<'_, str> {
    // A backslash in a Unix file name beside a slash is left alone.
    let is_windows = name.contains('\\') && !name.contains('/');
    let needs_none = |name: &str| {
        !name.starts_with("./") && !name.contains("/./") && !name.contains("//") && name != "."
    };
    if !is_windows && needs_none(name) {
        return Cow::Borrowed(name);
    }
    let name = match is_windows {
        true => Cow::Owned(name.replace('\\', "/")),
        false => Cow::Borrowed(name),
    };
    let parts: Vec<&str> = name
        .split('/')
        .enumerate()
        .filter(|(place, part)| *part != "." && (!part.is_empty() || *place == 0))
        .map(|(_, part)| part)
        .collect();
    Cow::Owned(parts.join("/"))
}

/// A name without its ending.
fn stem(name: &str) -> &str {
    let file = name.rfind('/').map_or(0, |at| at + 1);
    match name[file..].rfind('.') {
        // An ending is short, and a hidden file has none.
        Some(at) if at > 0 && (2..=5).contains(&(name.len() - file - at)) => &name[..file + at],
        _ => name,
    }
}

/// Number of folders, and one for the file.
fn depth(name: &str) -> usize {
    name.trim_start_matches('/').matches('/').count() + 1
}

/// The last `depth` parts of a name that has more.
fn end_of(name: &str, depth: usize) -> Option<&str> {
    let (at, _) = name.rmatch_indices('/').nth(depth - 1)?;
    Some(&name[at + 1..])
}

/// The name that is most like this one, if one is.
pub fn nearest_name<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let name = plain(name);
    let alike = |other: &str| {
        let same =
            |pairs: &mut dyn Iterator<Item = (u8, u8)>| pairs.take_while(|(a, b)| a == b).count();
        let begin = same(&mut name.bytes().zip(other.bytes()));
        let end = same(&mut name.bytes().rev().zip(other.bytes().rev()));
        (begin + end).min(name.len().min(other.len()))
    };
    let best = known
        .into_iter()
        .map(|other| (alike(other), other))
        .max_by(|(a, one), (b, other)| a.cmp(b).then_with(|| other.cmp(one)))?;
    (2 * best.0 >= name.len().min(best.1.len()) && best.0 > 3).then_some(best.1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(name: &str, known: &[&str]) -> Option<(usize, Spelling)> {
        NameMatches::find(&[name], known).found.get(name).copied()
    }

    #[test]
    fn each_spelling_is_matched_where_one_recording_fits() {
        let known = ["a/1.wav", "a/2.wav", "b/1.wav", "c/d/9.flac"];
        for (name, place, spelling) in [
            (r"a\1.wav", 0, Spelling::Separators),
            (r".\a\1.wav", 0, Spelling::Separators),
            ("./a//2.wav", 1, Spelling::Separators),
            ("a/1.m4a", 0, Spelling::Ending),
            ("b/1", 2, Spelling::Ending),
            ("wav/a/1.wav", 0, Spelling::Folders),
            ("/data/x/b/1.wav", 2, Spelling::Folders),
            ("9.flac", 3, Spelling::Folders),
            ("d/9.flac", 3, Spelling::Folders),
            (r"C:\x\c\d\9.flac", 3, Spelling::Folders),
            ("wav/a/1.m4a", 0, Spelling::FoldersAndEnding),
            ("d/9.wav", 3, Spelling::FoldersAndEnding),
            ("c-d-9", 3, Spelling::Hyphens),
            ("A/1.WAV", 0, Spelling::Case),
            (r"X\C\D\9.FLAC", 3, Spelling::Case),
        ] {
            assert_eq!(one(name, &known), Some((place, spelling)), "{name}");
        }
        for name in ["x.wav", "aa/1.wav", "a", "1.wav/", "", "/", "a/"] {
            assert_eq!(one(name, &known), None, "{name}");
        }
    }

    #[test]
    fn capital_letters_are_bridged_only_where_one_recording_fits() {
        let known = ["id1/a.wav", "ID2/a.wav", "id2/a.wav"];
        let found = NameMatches::find(&["ID1/A.WAV", "Id2/a.wav", "ID2/a.wav"], &known);
        assert_eq!(found.found.len(), 1);
        assert_eq!(found.found["ID1/A.WAV"], (0, Spelling::Case));
        assert_eq!(found.ambiguous["Id2/a.wav"], [1, 2]);
        // Two names that differ by their letters alone do not share a recording.
        let found = NameMatches::find(&["A/1.wav", "a/1.WAV"], &["a/1.wav"]);
        assert!(found.found.len() < 2, "{found:?}");
    }

    #[test]
    fn a_name_that_fits_two_recordings_is_not_matched() {
        let known = ["a/1.wav", "b/1.wav", "c/2.wav", "c/2.flac"];
        let found = NameMatches::find(&["1.wav", "c/2.m4a", "z.wav"], &known);
        assert!(found.found.is_empty());
        assert_eq!(found.ambiguous["1.wav"], [0, 1]);
        assert_eq!(found.ambiguous["c/2.m4a"], [2, 3]);
        assert_eq!(found.unknown, ["z.wav"]);
    }

    #[test]
    fn two_names_do_not_share_a_recording() {
        // Two speakers whose folders were lost, and one that is there under its own name.
        let found = NameMatches::find(&["a/1.wav", "b/1.wav"], &["1.wav"]);
        assert!(found.found.is_empty());
        assert_eq!(found.ambiguous.len(), 2);
        let found = NameMatches::find(&["a/1.wav", "x/a/1.wav"], &["a/1.wav"]);
        assert_eq!(found.ambiguous["x/a/1.wav"], [0]);
        // Separators alone are the same name.
        let found = NameMatches::find(&["a/1.wav", "./a/1.wav", r"a\1.wav"], &["a/1.wav"]);
        assert_eq!(found.found.len(), 2);
        let found = NameMatches::find(&["./w/a/1.wav", "w/a/1.wav"], &["a/1.wav"]);
        assert_eq!(found.found.len(), 2);
    }

    #[test]
    fn the_nearest_name_shares_most_of_it() {
        let known = ["s1/u1.wav", "s1/u2.wav", "t/other.flac"];
        assert_eq!(nearest_name("s1/u3.wav", known), Some("s1/u1.wav"));
        assert_eq!(nearest_name("t/othr.flac", known), Some("t/other.flac"));
        assert_eq!(nearest_name("qqq", known), None);
    }
}
