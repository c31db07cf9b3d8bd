//! What is in a data set, for people who look before they train: counts, sizes, formats, duplicates, blanks, and what
//! could not be read.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde::Serialize;

use super::dataset::Dataset;

/// The facts of a data set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Inspection {
    /// Where it is, and what kind of data set it is.
    pub origin: String,
    /// Images that were read.
    pub images: usize,
    /// Its classes, by name.
    pub classes: Vec<ClassFacts>,
    /// Images that show nothing.
    pub blank: usize,
    /// Pictures that differ in their pixels.
    pub distinct: usize,
    /// Groups that a split keeps on one side.
    pub groups: usize,
    /// The sizes as stored; `None` without an image.
    pub sizes: Option<Sizes>,
    /// How many images are stored in each format and kind of colours, as `("JPEG grey", 21)`, the most common first.
    pub stored: Vec<(String, usize)>,
    /// Files whose name says PNG or JPEG and whose content is the other.
    pub misnamed: Vec<String>,
    /// Images with equal pixels, the largest set first; blank ones are left out.
    pub duplicates: Vec<Duplicates>,
    /// Files that could not be read, and why.
    pub unreadable: Vec<(String, String)>,
    /// Images that stand outside the folders of the classes.
    pub stray: usize,
    /// Why training cannot go on with it, where it cannot.
    pub untrainable: Option<String>,
}

/// The facts of a class.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ClassFacts {
    /// Its name.
    pub name: String,
    /// Its images.
    pub images: usize,
    /// Those that show nothing.
    pub blank: usize,
    /// Those that differ in their pixels.
    pub distinct: usize,
}

/// Sizes of images, rows and columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Sizes {
    /// The image with the fewest pixels.
    pub smallest: [usize; 2],
    /// The median of the rows, and that of the columns; the lower one of an even number.
    pub median: [usize; 2],
    /// The image with the most pixels.
    pub largest: [usize; 2],
    /// How many sizes there are.
    pub different: usize,
    /// How many images are larger than [`super::LoadOptions::max_side`] and are kept reduced.
    pub reduced: usize,
}

/// Images with equal pixels.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Duplicates {
    /// Their names.
    pub names: Vec<String>,
    /// The classes that they are in; more than one is a contradiction.
    pub classes: Vec<String>,
}

impl Dataset {
    /// Gathers the facts.
    pub fn inspect(&self) -> Inspection {
        let class = |(at, name): (usize, &String)| {
            let members = || self.examples.iter().filter(move |example| example.class == at);
            ClassFacts {
                name: name.clone(),
                images: members().count(),
                blank: members().filter(|example| example.blank).count(),
                distinct: members().map(|example| example.hash).collect::<BTreeSet<_>>().len(),
            }
        };
        let unreadable = self.unreadable.iter();
        Inspection {
            origin: self.origin.clone(),
            images: self.examples.len(),
            classes: self.classes.iter().enumerate().map(class).collect(),
            blank: self.examples.iter().filter(|example| example.blank).count(),
            distinct: self.examples.iter().map(|example| example.hash).collect::<BTreeSet<_>>().len(),
            groups: self.examples.iter().map(|example| example.group).collect::<BTreeSet<_>>().len(),
            sizes: self.sizes(),
            stored: self.stored(),
            misnamed: self.misnamed(),
            duplicates: self.duplicates(),
            unreadable: unreadable
                .map(|bad| (bad.path.display().to_string(), bad.error.to_string()))
                .collect(),
            stray: self.stray,
            untrainable: self.check_trainable().err().map(|error| error.to_string()),
        }
    }

    fn sizes(&self) -> Option<Sizes> {
        let sizes = || self.examples.iter().map(|example| example.stored_size);
        let median = |axis: usize| {
            let mut lengths: Vec<usize> = sizes().map(|size| size[axis]).collect();
            lengths.sort_unstable();
            lengths.get(lengths.len().saturating_sub(1) / 2).copied()
        };
        let is_reduced =
            |example: &&super::Example| [example.picture.h, example.picture.w] != example.stored_size;
        Some(Sizes {
            smallest: sizes().min_by_key(|size| (size[0] * size[1], *size))?,
            median: [median(0)?, median(1)?],
            largest: sizes().max_by_key(|size| (size[0] * size[1], *size))?,
            different: sizes().collect::<BTreeSet<_>>().len(),
            reduced: self.examples.iter().filter(is_reduced).count(),
        })
    }

    fn stored(&self) -> Vec<(String, usize)> {
        let mut counts = BTreeMap::new();
        for example in &self.examples {
            *counts.entry(format!("{} {}", example.stored.format, example.stored.color)).or_insert(0) += 1;
        }
        let mut counts: Vec<_> = counts.into_iter().collect();
        counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        counts
    }

    fn misnamed(&self) -> Vec<String> {
        let says = |name: &str| {
            let name = name.to_ascii_lowercase();
            if name.ends_with(".png") {
                Some("PNG")
            } else {
                (name.ends_with(".jpg") || name.ends_with(".jpeg")).then_some("JPEG")
            }
        };
        let lies = self.examples.iter().filter(|example| {
            let is_file = matches!(example.stored.format, "PNG" | "JPEG");
            is_file && says(&example.name).is_some_and(|said| said != example.stored.format)
        });
        lies.map(|example| example.name.clone()).collect()
    }

    fn duplicates(&self) -> Vec<Duplicates> {
        let mut sets: HashMap<[u8; 32], Vec<usize>> = HashMap::new();
        for (at, example) in self.examples.iter().enumerate().filter(|(_, example)| !example.blank) {
            sets.entry(example.hash).or_default().push(at);
        }
        let mut sets: Vec<Vec<usize>> = sets.into_values().filter(|set| set.len() > 1).collect();
        sets.sort_by_key(|set| (std::cmp::Reverse(set.len()), set[0]));
        let named = |set: Vec<usize>| {
            let classes: BTreeSet<usize> = set.iter().map(|&at| self.examples[at].class).collect();
            Duplicates {
                names: set.iter().map(|&at| self.examples[at].name.clone()).collect(),
                classes: classes.into_iter().map(|class| self.classes[class].clone()).collect(),
            }
        };
        sets.into_iter().map(named).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::data::{LoadOptions, Picture};

    fn write(path: &Path, h: usize, values: &[u8]) {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        let w = values.len() / h;
        Picture { c: 1, h, w, pixels: values.to_vec() }.write_png(path).unwrap();
    }

    #[test]
    fn the_facts_of_a_small_set() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path();
        write(&root.join("a/1.png"), 1, &[1, 2]);
        write(&root.join("a/2.png"), 1, &[1, 2]);
        write(&root.join("a/3.png"), 2, &[5, 5, 5, 5, 5, 5]);
        write(&root.join("b/1.jpg"), 1, &[1, 2]);
        write(&root.join("b/2.png"), 4, &[7, 8, 9, 10]);
        std::fs::write(root.join("b/3.png"), "nothing").unwrap();
        let facts = Dataset::load(Some(root), &LoadOptions { max_side: 3, ..LoadOptions::default() });
        let facts = facts.unwrap().inspect();
        let class =
            |name: &str, images, blank, distinct| ClassFacts { name: name.into(), images, blank, distinct };
        assert_eq!(facts.classes, [class("a", 3, 1, 2), class("b", 2, 0, 2)]);
        assert_eq!((facts.images, facts.blank, facts.distinct, facts.groups), (5, 1, 3, 3));
        let sizes = Sizes { smallest: [1, 2], median: [1, 2], largest: [2, 3], different: 3, reduced: 1 };
        assert_eq!(facts.sizes, Some(sizes));
        assert_eq!(facts.stored, [("PNG grey".to_owned(), 5)]);
        assert_eq!(facts.misnamed, ["b/1.jpg"]);
        let names = ["a/1.png", "a/2.png", "b/1.jpg"].map(str::to_owned).to_vec();
        assert_eq!(facts.duplicates, [Duplicates { names, classes: vec!["a".into(), "b".into()] }]);
        assert!(facts.unreadable[0].0.ends_with("3.png") && facts.untrainable.is_none());
        std::fs::remove_dir_all(root.join("b")).unwrap();
        let facts = Dataset::load(Some(root), &LoadOptions::default()).unwrap().inspect();
        assert!(facts.untrainable.unwrap().contains("only class"));
    }
}
