//! Eigenvectors of a small symmetric matrix.

/// Iterations of one eigenvalue before its rest is taken as it is; two or three are usual.
const MAX_STEPS: u32 = 64;

/// Eigenvalues and eigenvectors of a symmetric matrix.
#[derive(Debug, Clone)]
pub struct Eigen {
    /// Eigenvalues, in no order.
    pub values: Vec<f64>,
    /// `size × size`, row by row; eigenvector `k` is column `k`.
    pub vectors: Vec<f64>,
}

/// Decomposes a symmetric `size × size` matrix, row by row, by Householder reduction to tridiagonal form and implicit QL
/// steps (Bowdler, Martin, Reinsch and Wilkinson 1968: `tred2` and `tql2` of EISPACK). Time: about 9 size³.
pub fn symmetric_eigen(size: usize, matrix: Vec<f64>) -> Eigen {
    let mut vectors = matrix;
    vectors.resize(size * size, 0.0);
    let mut values = vec![0.0; size];
    let mut off = vec![0.0; size];
    if size > 0 {
        tridiagonalise(size, &mut vectors, &mut values, &mut off);
        diagonalise(size, &mut vectors, &mut values, &mut off);
    }
    // The steps above work on rows, which are contiguous; callers think in columns.
    let mut columns = vec![0.0; size * size];
    for (k, row) in vectors.chunks_exact(size.max(1)).enumerate() {
        for (i, &value) in row.iter().enumerate() {
            columns[i * size + k] = value;
        }
    }
    Eigen {
        values,
        vectors: columns,
    }
}

/// Leaves the transposed orthogonal matrix in `v`, the diagonal in `d` and the subdiagonal in `e[1..]`.
fn tridiagonalise(n: usize, v: &mut [f64], d: &mut [f64], e: &mut [f64]) {
    // Successive Householder reflections P = I − u uᵀ/h zero one row after the other, from the last.
    for i in (1..n).rev() {
        let scale: f64 = v[i * n..i * n + i].iter().map(|x| x.abs()).sum();
        if i == 1 || scale == 0.0 {
            e[i] = v[i * n + i - 1];
            d[i] = 0.0;
            continue;
        }
        let (above, row) = v.split_at_mut(i * n);
        let u = &mut row[..i];
        let mut h = 0.0;
        for x in u.iter_mut() {
            *x /= scale;
            h += *x * *x;
        }
        let f = u[i - 1];
        let g = if f > 0.0 { -h.sqrt() } else { h.sqrt() };
        e[i] = scale * g;
        h -= f * g;
        u[i - 1] = f - g;
        // p = A u / h from the lower triangle.
        e[..i].fill(0.0);
        for j in 0..i {
            let mut sum = 0.0;
            let uj = u[j];
            for k in 0..j {
                sum += above[j * n + k] * u[k];
                e[k] += above[j * n + k] * uj;
            }
            e[j] += sum + above[j * n + j] * uj;
        }
        let mut f = 0.0;
        for j in 0..i {
            e[j] /= h;
            f += e[j] * u[j];
        }
        let half = f / (h + h);
        for j in 0..i {
            e[j] -= half * u[j];
        }
        for j in 0..i {
            let (uj, ej) = (u[j], e[j]);
            for k in 0..=j {
                above[j * n + k] -= uj * e[k] + ej * u[k];
            }
        }
        d[i] = h;
    }
    // Accumulate the reflections; row k of `q` becomes column k of the product.
    let mut q = vec![0.0; n * n];
    for k in 0..n {
        q[k * n + k] = 1.0;
    }
    for i in 1..n {
        let h = d[i];
        if h != 0.0 {
            let u = &v[i * n..i * n + i];
            for k in 0..i {
                let row = &mut q[k * n..k * n + i];
                let projection: f64 = row.iter().zip(u).map(|(a, b)| a * b).sum::<f64>() / h;
                for (a, b) in row.iter_mut().zip(u) {
                    *a -= projection * b;
                }
            }
        }
    }
    for i in 0..n {
        d[i] = v[i * n + i];
    }
    e[0] = 0.0;
    v.copy_from_slice(&q);
}

/// Implicit QL: makes `e` zero, turning the rows of `v` along.
fn diagonalise(n: usize, v: &mut [f64], d: &mut [f64], e: &mut [f64]) {
    e.copy_within(1.., 0);
    e[n - 1] = 0.0;
    for l in 0..n {
        for _ in 0..MAX_STEPS {
            let m = (l..n - 1)
                .find(|&m| e[m].abs() <= f64::EPSILON * (d[m].abs() + d[m + 1].abs()))
                .unwrap_or(n - 1);
            if m == l {
                break;
            }
            let mut g = (d[l + 1] - d[l]) / (2.0 * e[l]);
            let r = g.hypot(1.0);
            g = d[m] - d[l] + e[l] / (g + r.copysign(g));
            let (mut s, mut c, mut p) = (1.0, 1.0, 0.0);
            let mut split = false;
            for i in (l..m).rev() {
                let f = s * e[i];
                let b = c * e[i];
                let r = f.hypot(g);
                e[i + 1] = r;
                if r == 0.0 {
                    d[i + 1] -= p;
                    e[m] = 0.0;
                    split = true;
                    break;
                }
                s = f / r;
                c = g / r;
                g = d[i + 1] - p;
                let r = (d[i] - g) * s + 2.0 * c * b;
                p = s * r;
                d[i + 1] = g + p;
                g = c * r - b;
                let (upper, lower) = v.split_at_mut((i + 1) * n);
                for (x, y) in upper[i * n..].iter_mut().zip(&mut lower[..n]) {
                    let f = *y;
                    *y = s * *x + c * f;
                    *x = c * *x - s * f;
                }
            }
            if !split {
                d[l] -= p;
                e[l] = g;
                e[m] = 0.0;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::SplitMix64;

    fn assert_decomposes(size: usize, matrix: &[f64]) {
        let eigen = symmetric_eigen(size, matrix.to_vec());
        let scale = matrix.iter().fold(1.0_f64, |a, x| a.max(x.abs()));
        for i in 0..size {
            for j in 0..size {
                let (mut product, mut rebuilt) = (0.0, 0.0);
                for k in 0..size {
                    let (vi, vj) = (eigen.vectors[i * size + k], eigen.vectors[j * size + k]);
                    product += vi * vj;
                    rebuilt += vi * eigen.values[k] * vj;
                }
                let identity = if i == j { 1.0 } else { 0.0 };
                assert!((product - identity).abs() < 1e-10, "not orthogonal at {i}, {j}");
                let expected = matrix[i * size + j];
                assert!(
                    (rebuilt - expected).abs() < 1e-10 * scale,
                    "rebuilt {rebuilt}, expected {expected} at {i}, {j}"
                );
            }
        }
    }

    #[test]
    fn random_singular_and_diagonal_matrices_are_rebuilt() {
        let mut random = SplitMix64::new(3, 0);
        for (size, rank) in [(1, 1), (2, 2), (5, 5), (17, 4), (64, 64), (33, 0)] {
            let rows: Vec<f64> = (0..rank * size).map(|_| random.normal()).collect();
            let mut gram = vec![0.0; size * size];
            for row in rows.chunks(size) {
                for i in 0..size {
                    for j in 0..size {
                        gram[i * size + j] += row[i] * row[j];
                    }
                }
            }
            assert_decomposes(size, &gram);
        }
        let mut diagonal = vec![0.0; 16];
        for k in 0..4 {
            diagonal[k * 5] = [3.0, 3.0, 0.0, -1.0][k];
        }
        assert_decomposes(4, &diagonal);
    }

    #[test]
    fn a_known_matrix_has_its_known_eigenvalues() {
        let mut values = symmetric_eigen(2, vec![2.0, 1.0, 1.0, 2.0]).values;
        values.sort_by(f64::total_cmp);
        assert!((values[0] - 1.0).abs() < 1e-12 && (values[1] - 3.0).abs() < 1e-12);
    }
}
