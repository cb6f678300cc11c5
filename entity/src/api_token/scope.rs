use std::{fmt, str::FromStr};

use sea_orm::DeriveValueType;

/// What an API token can allow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Reading everything that its user may see, sessions and tokens aside.
    Read,
    /// Changing notes.
    NotesWrite,
    /// Changing the reading list.
    ReadinglistWrite,
    /// Changing teams and their members.
    TeamsWrite,
    /// Changing the name of its user.
    UsersWrite,
}

impl Scope {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::Read, Self::NotesWrite, Self::ReadinglistWrite, Self::TeamsWrite, Self::UsersWrite];

    /// Its name, in requests and in the database.
    pub fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::NotesWrite => "notes:write",
            Self::ReadinglistWrite => "readinglist:write",
            Self::TeamsWrite => "teams:write",
            Self::UsersWrite => "users:write",
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Text that is not the name of a scope.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownScope;

impl fmt::Display for UnknownScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "must be one of {}", Scope::ALL.map(Scope::name).join(", "))
    }
}

impl std::error::Error for UnknownScope {}

impl FromStr for Scope {
    type Err = UnknownScope;

    fn from_str(text: &str) -> Result<Self, UnknownScope> {
        Self::ALL.into_iter().find(|scope| scope.name() == text).ok_or(UnknownScope)
    }
}

/// The scopes of a token: at least one, each once, in the order in which they were given. In the database they are
/// separated by spaces.
#[derive(Clone, Debug, PartialEq, Eq, DeriveValueType)]
#[sea_orm(value_type = "String", column_type = "Text")]
pub struct ScopeList(Vec<Scope>);

impl ScopeList {
    /// The list of these scopes, of which repeated ones count once; `None` without any.
    pub fn new(scopes: impl IntoIterator<Item = Scope>) -> Option<Self> {
        let mut list = Vec::new();
        for scope in scopes {
            if !list.contains(&scope) {
                list.push(scope);
            }
        }
        (!list.is_empty()).then_some(Self(list))
    }

    /// The scopes.
    pub fn iter(&self) -> impl Iterator<Item = Scope> {
        self.0.iter().copied()
    }

    /// Whether a token with these scopes may do what needs this one. Each scope includes reading.
    pub fn allows(&self, needed: Scope) -> bool {
        needed == Scope::Read || self.0.contains(&needed)
    }
}

impl fmt::Display for ScopeList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.iter().map(Scope::name).collect::<Vec<_>>().join(" "))
    }
}

impl FromStr for ScopeList {
    type Err = UnknownScope;

    fn from_str(text: &str) -> Result<Self, UnknownScope> {
        let scopes: Vec<Scope> =
            text.split_whitespace().map(str::parse).collect::<Result<_, _>>()?;
        Self::new(scopes).ok_or(UnknownScope)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repeated_scopes_count_once_and_keep_their_order() {
        let scopes: ScopeList = "teams:write read teams:write".parse().unwrap();
        assert_eq!(scopes.to_string(), "teams:write read");
        for unknown in ["", "notes", "read,notes:write"] {
            assert_eq!(unknown.parse::<ScopeList>(), Err(UnknownScope), "{unknown}");
        }
    }

    #[test]
    fn each_scope_allows_itself_and_reading() {
        for scope in Scope::ALL {
            let scopes = ScopeList::new([scope]).unwrap();
            let allowed = Scope::ALL.into_iter().filter(|&needed| scopes.allows(needed));
            assert_eq!(ScopeList::new(allowed), ScopeList::new([Scope::Read, scope]));
        }
    }
}
