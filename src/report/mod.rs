//! Figures and tables from analysis.
