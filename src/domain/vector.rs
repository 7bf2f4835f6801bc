//! How near the meanings of two texts are, once a model has placed them in a space.

/// Why two places cannot be compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum VectorError {
    /// The places are not in the same space.
    #[error("the vectors have {0} and {1} numbers")]
    Lengths(usize, usize),
    /// A vector without a direction has no angle to any other.
    #[error("a vector has no direction: it is empty or all zeros")]
    NoDirection,
    /// A number is not finite, or too large to be multiplied.
    #[error("a vector holds a number that cannot be used")]
    NotFinite,
}

/// The cosine of the angle between two vectors, from -1 to 1.
pub fn cosine(one: &[f64], two: &[f64]) -> Result<f64, VectorError> {
    if one.len() != two.len() {
        return Err(VectorError::Lengths(one.len(), two.len()));
    }
    let (one, two) = (unit(one)?, unit(two)?);
    let product: f64 = one.iter().zip(&two).map(|(a, b)| a * b).sum();
    Ok(product.clamp(-1.0, 1.0))
}

/// The vector of length 1 in the same direction. Dividing by the largest number first keeps the
/// squares from overflowing or vanishing.
fn unit(vector: &[f64]) -> Result<Vec<f64>, VectorError> {
    if vector.iter().any(|number| !number.is_finite()) {
        return Err(VectorError::NotFinite);
    }
    let largest = vector
        .iter()
        .fold(0.0, |most: f64, number| most.max(number.abs()));
    if largest <= 0.0 {
        return Err(VectorError::NoDirection);
    }
    let scaled: Vec<f64> = vector.iter().map(|number| number / largest).collect();
    let length = scaled
        .iter()
        .map(|number| number * number)
        .sum::<f64>()
        .sqrt();
    Ok(scaled.into_iter().map(|number| number / length).collect())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Reference values by hand: 32 / √(14 · 77), right, straight and half right angles, and
    /// -0.12 / 0.3.
    #[test]
    fn cosines_agree_with_those_that_were_computed_by_hand() {
        for (one, two, wanted) in [
            (
                vec![1.0, 2.0, 3.0],
                vec![4.0, 5.0, 6.0],
                32.0 / (14.0_f64 * 77.0).sqrt(),
            ),
            (vec![1.0, 0.0], vec![0.0, 1.0], 0.0),
            (vec![1.0, 1.0], vec![-1.0, -1.0], -1.0),
            (vec![0.1, -0.2, 0.3, -0.4], vec![0.4, 0.3, -0.2, 0.1], -0.4),
            (vec![2.0, 0.0], vec![1.0, 1.0], 0.5_f64.sqrt()),
        ] {
            let found = cosine(&one, &two).unwrap();
            assert!((found - wanted).abs() < 1e-12, "{one:?} {two:?}: {found}");
        }
    }

    #[test]
    fn what_has_no_cosine_is_an_error() {
        for (one, two, wanted) in [
            (vec![1.0], vec![1.0, 2.0], VectorError::Lengths(1, 2)),
            (vec![], vec![], VectorError::NoDirection),
            (vec![0.0, 0.0], vec![1.0, 0.0], VectorError::NoDirection),
            (vec![1.0, 0.0], vec![-0.0, 0.0], VectorError::NoDirection),
            (vec![f64::NAN], vec![1.0], VectorError::NotFinite),
            (vec![1.0], vec![f64::INFINITY], VectorError::NotFinite),
        ] {
            assert_eq!(cosine(&one, &two), Err(wanted), "{one:?} {two:?}");
        }
    }

    #[test]
    fn numbers_at_the_edge_neither_overflow_nor_vanish() {
        for number in [f64::MAX, f64::MIN_POSITIVE, 5e-324] {
            let found = cosine(&[number, 0.0], &[number, number]).unwrap();
            assert!((found - 0.5_f64.sqrt()).abs() < 1e-12, "{number}: {found}");
        }
    }

    proptest! {
        #[test]
        fn a_cosine_lies_from_minus_one_to_one_and_has_no_order(
            pairs in prop::collection::vec((-1e300..1e300, -1e300..1e300), 1..20)
        ) {
            let (one, two): (Vec<f64>, Vec<f64>) = pairs.into_iter().unzip();
            if let Ok(found) = cosine(&one, &two) {
                prop_assert!((-1.0..=1.0).contains(&found));
                prop_assert_eq!(Ok(found), cosine(&two, &one));
            }
        }
    }
}
