//! `pointsman monitor`: the numbers of production, and whether they moved with a release.

mod check;
mod compare;
mod html;
mod overview;
mod score;
