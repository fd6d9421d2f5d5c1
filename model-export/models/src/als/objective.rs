//! What training minimises.

use selvedge::encode::FoldInParameters;

/// The weights of the implicit-feedback objective (Hu, Koren and Volinsky 2008, in the parametrisation of Rendle,
/// Krichene, Zhang and Koren 2021, "Revisiting the performance of iALS on item recommendation benchmarks"):
///
/// ```text
/// Σ_(u,i) observed w_ui (x_u·y_i − 1)²  +  α₀ Σ_(u,i) all (x_u·y_i)²
///   +  λ Σ_u (n_u + α₀ |I|)^ν |x_u|²  +  λ Σ_i (n_i + α₀ |U|)^ν |y_i|²
/// ```
///
/// with `n` the number of stored entries of a row. The user's half of it is what the core's fold-in minimises for one
/// visitor, and the penalty is computed by the core for both.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Objective {
    /// α₀: the weight of every cell of the matrix as a zero.
    pub unobserved_weight: f32,
    /// λ.
    pub regularisation: f32,
    /// ν: 0 is the same penalty for all rows, 1 grows with the row's entries; 0, 0.5 or 1.
    pub regularisation_exponent: f32,
}

impl Objective {
    /// The parameters of a fold-in against `columns` rows of the other side.
    #[must_use]
    pub fn fold_in(&self, columns: usize) -> FoldInParameters {
        FoldInParameters {
            unobserved_weight: self.unobserved_weight,
            regularisation: self.regularisation,
            regularisation_exponent: self.regularisation_exponent,
            // Column numbers are `u32`, so that there are no more columns than that.
            items: u32::try_from(columns).unwrap_or(u32::MAX),
        }
    }

    /// λ (n + α₀ columns)^ν of a row with `n` entries.
    pub(super) fn penalty(&self, n: usize, columns: usize) -> f32 {
        #[expect(clippy::cast_possible_truncation, reason = "the solver works in single precision")]
        let penalty = self.fold_in(columns).ridge(n) as f32;
        penalty
    }
}
