use entity::user;
use serde_json::{Value, json};
use service::{
    Actor, Db, PageRequest, SortKey,
    users::{self, DisabledFilter, Filter, ListInclude, SortBy},
};

use crate::cli::{CommandError, output};

/// How many users are in memory at once.
const PAGE: u64 = 200;

/// Prints all users, in columns or as a JSON array.
pub(super) async fn run(db: &Db, is_json: bool) -> Result<(), CommandError> {
    if is_json { run_json(db).await } else { run_columns(db).await }
}

async fn run_json(db: &Db) -> Result<(), CommandError> {
    let mut before = "[";
    for_each_page(db, |users| {
        for user in users {
            output::print(before)?;
            output::json(&as_json(user))?;
            before = ",";
        }
        Ok(())
    })
    .await?;
    output::print(if before == "[" { "[]\n" } else { "]\n" })
}

async fn run_columns(db: &Db) -> Result<(), CommandError> {
    let mut columns = None;
    for_each_page(db, |users| {
        let columns = match columns {
            Some(columns) => columns,
            None => {
                let new = Columns::of(users);
                new.print(["ID", "USERNAME", "ROLE", "STATE", "NAME"])?;
                *columns.insert(new)
            }
        };
        for user::Model { id, username, name, admin, disabled, .. } in users {
            let role = if *admin { "admin" } else { "user" };
            let state = if *disabled { "disabled" } else { "enabled" };
            columns.print([&id.to_string(), username, role, state, name])?;
        }
        Ok(())
    })
    .await
}

async fn for_each_page(
    db: &Db,
    mut print: impl FnMut(&[user::Model]) -> Result<(), CommandError>,
) -> Result<(), CommandError> {
    let everyone = Filter { disabled: DisabledFilter::Any, ..Filter::default() };
    let mut request = PageRequest { limit: PAGE, after: None, is_counted: false };
    let (sort, include) = (SortBy::DEFAULT, ListInclude { notes: false, teams: false });
    loop {
        let page =
            users::list(db.reader(), &Actor::Operator, &everyone, sort, include, &request).await?;
        let users: Vec<user::Model> = page.items().map(|row| row.user.clone()).collect();
        print(&users)?;
        match page.next() {
            Some(after) => request.after = Some(after.clone()),
            None => return Ok(()),
        }
    }
}

/// How wide the columns are: enough for the first page. What is wider pushes the rest of its line.
#[derive(Clone, Copy)]
struct Columns {
    id: usize,
    username: usize,
}

impl Columns {
    fn of(users: &[user::Model]) -> Self {
        let ids = users.iter().map(|user| user.id.to_string().len());
        let usernames = users.iter().map(|user| user.username.len());
        Self {
            id: ids.max().unwrap_or(0).max("ID".len()),
            username: usernames.max().unwrap_or(0).max("USERNAME".len()),
        }
    }

    fn print(self, [id, username, role, state, name]: [&str; 5]) -> Result<(), CommandError> {
        let (wide, wider) = (self.id, self.username);
        output::line(format_args!("{id:<wide$}  {username:<wider$}  {role:<5}  {state:<8}  {name}"))
    }
}

fn as_json(user: &user::Model) -> Value {
    let user::Model { id, username, name, admin, disabled, created_at, updated_at, .. } = user;
    json!({
        "id": id, "username": username, "name": name, "admin": admin, "disabled": disabled,
        "created_at": created_at, "updated_at": updated_at,
    })
}
