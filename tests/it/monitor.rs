//! `pointsman monitor`: the numbers of production, and whether they moved with a release.

mod made;
mod overview;
