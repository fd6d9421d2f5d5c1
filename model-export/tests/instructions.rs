//! What the native scan's hot loops are made of in the program as it is built: a slip in how code is inlined takes the vector
//! instructions away without changing a result. Needs `objdump`; without it, it says so and passes.
#![cfg(all(target_arch = "x86_64", target_os = "linux"))]

use std::process::Command;

/// A row of 64 codes is multiplied by four instructions of 16 products; the loops for one row and for groups come on top.
const LEAST_PRODUCTS: usize = 8;

#[test]
fn the_native_scan_multiplies_by_vector_instructions() {
    let program = env!("CARGO_BIN_EXE_selvedge");
    let output = Command::new("objdump")
        .args(["--disassemble", "--no-show-raw-insn", program])
        .output();
    let Ok(output) = output else {
        println!("skipped: objdump (package binutils) is not installed");
        return;
    };
    assert!(output.status.success(), "objdump reads {program}");
    let text = String::from_utf8_lossy(&output.stdout);
    let functions: Vec<&str> = text.split("\n\n").collect();
    let wide = |function: &str, instruction: &str| {
        let lines = function.lines();
        lines
            .filter(|line| line.contains(instruction) && line.contains("%ymm"))
            .count()
    };
    let scans: Vec<&&str> = functions
        .iter()
        .filter(|function| wide(function, "vpmaddwd") > 0)
        .collect();
    let products: usize = scans.iter().map(|function| wide(function, "vpmaddwd")).sum();
    assert!(
        products >= LEAST_PRODUCTS,
        "{products} vpmaddwd on ymm registers, at least {LEAST_PRODUCTS} expected"
    );
    // Codes are widened in the register they are multiplied from.
    let widened: usize = scans.iter().map(|function| wide(function, "vpmovsxbw")).sum();
    assert!(
        widened >= LEAST_PRODUCTS,
        "{widened} vpmovsxbw on ymm registers, at least {LEAST_PRODUCTS} expected"
    );
}
