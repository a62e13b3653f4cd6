//! `cargo xtask demo`: three tenants, a real Envoy with the filter, and requests that tell what the
//! boundary does. Fails if any outcome is not the one that the story says.

mod logs;
mod people;
mod story;
mod table;
mod world;

use std::io::{IsTerminal as _, Write as _};
use std::{fs, io, thread};

use anyhow::{Context as _, Result, ensure};
use tenantguard_e2e::envoy::target_directory;

use self::people::People;
use self::story::{CHAPTERS, Chapter, Scene};
use self::table::Row;
use self::world::World;
use crate::steps::shown_path;
use crate::style;
use crate::{build, setup};

pub(crate) fn run(keep: bool) -> Result<()> {
    progress("1/4 building the filter");
    let filter = build::filter()?;
    progress("2/4 finding Envoy");
    setup::envoy()?;
    progress("3/4 making keys, policy and tokens");
    let directory = target_directory().join("demo");
    fs::create_dir_all(&directory).with_context(|| format!("make {}", directory.display()))?;
    let people = People::make()?;
    people.write(&directory)?;
    eprintln!("{}", shown_path(&directory));
    progress("4/4 starting two upstreams and Envoy");
    let mut world = World::start(&filter, &people)?;
    eprintln!("http://{}", world.address());

    let rows = play(&world, &people)?;
    print!("\n{}", table::render(&rows, style::stdout()));
    print!("{}", logs::render(&world, &rows, style::stdout())?);
    io::stdout().flush()?;
    fs::write(directory.join("access.log"), world.access_log().bytes()?)?;

    let surprises = rows.iter().filter(|row| row.surprise.is_some()).count();
    ensure!(surprises == 0, "{surprises} of {} outcomes are not the expected ones", rows.len());
    println!(
        "All {} outcomes are as expected. Policy, keys, tokens and access log: {}",
        rows.len(),
        shown_path(&directory)
    );
    if keep {
        print!("{}", world.curl_lines(&directory)?);
        wait(&mut world)?;
    }
    Ok(())
}

fn play(world: &World, people: &People) -> Result<Vec<Row>> {
    let scenes = CHAPTERS.iter().flat_map(|chapter| {
        let first = std::iter::once(Some(chapter));
        chapter.scenes.iter().zip(first.chain(std::iter::repeat(None)))
    });
    let scene = |(index, (scene, chapter)): (usize, (&'static Scene, Option<&'static Chapter>))| {
        let seen = world.play(index, scene, people)?;
        Ok(Row::new(chapter.map(|chapter| chapter.title), scene, seen))
    };
    scenes.enumerate().map(scene).collect()
}

/// Until the reader presses Enter; without a terminal, until the process is ended. Envoy goes with
/// it either way.
fn wait(world: &mut World) -> Result<()> {
    if io::stdin().is_terminal() {
        println!("\nPress Enter to stop.");
        io::stdin().read_line(&mut String::new())?;
        return Ok(());
    }
    println!("\nEnd this process to stop.");
    while world.is_running() {
        thread::sleep(std::time::Duration::from_millis(500));
    }
    anyhow::bail!("Envoy has ended by itself")
}

fn progress(what: &str) {
    eprintln!("{}", style::stderr().strong(what));
}
