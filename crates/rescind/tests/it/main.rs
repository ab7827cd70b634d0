//! The program from outside: what it prints, what it exits with, what it never shows.

#![allow(
    clippy::expect_used,
    reason = "a test that cannot go on says why by panicking"
)]

mod adapter;
mod architecture;
mod bugs;
mod command_line;
mod connect_flow;
mod defects;
mod deviations;
mod doctor;
mod edited_expectations;
mod evidence;
mod examples;
mod explain;
mod fixed_waits;
mod hostile_targets;
mod interruption;
mod kill;
mod modest_targets;
mod prove;
mod provider;
mod provider_files;
mod provider_places;
mod remote_provider;
mod replaced_route;
mod replay;
mod report;
mod report_formats;
mod schemas;
mod secrets;
mod selection;
mod shards;
mod snapshots_of_targets;
mod steadiness;
mod support;
