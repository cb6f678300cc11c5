//! `#[operation]`, a macro since a function has no other access to its own doc comment.

use std::iter::once;

use proc_macro::{Delimiter, Group, TokenStream, TokenTree, token_stream::IntoIter};

/// Turns a handler into an operation of the API.
///
/// `#[operation(createNote, 403, 409)]` on `async fn create` yields a function `create` that returns an
/// `http::routing::Operation` for the route table: `post(notes::create)`. The operation is
/// documented by its id, which generated clients name their method after, by the doc comment, by what the
/// types in the handler's signature say about themselves, and by the statuses in the attribute: the
/// failures that these types do not describe. `#[operation]` is for handlers that are not part of the API,
/// and leaves them out of the document.
#[proc_macro_attribute]
pub fn operation(arguments: TokenStream, handler: TokenStream) -> TokenStream {
    let Handler { attributes, docs, visibility, function } = Handler::parse(handler);
    let mut after_fn = function.clone().into_iter().skip_while(|token| token.to_string() != "fn");
    let name = after_fn.nth(1).map(|name| name.to_string()).unwrap_or_default();
    let mut arguments = arguments.into_iter();
    let operation = code(&match arguments.next() {
        None => format!("crate::http::routing::Operation::undocumented({name})"),
        Some(TokenTree::Ident(id)) => format!(
            "crate::http::routing::Operation::new(
                crate::http::routing::Docs {{
                    module: module_path!(),
                    id: \"{id}\",
                    lines: &[{}],
                    failures: &[{}],
                }},
                {name},
            )",
            docs.join(", "),
            failures(arguments),
        ),
        Some(_) => "compile_error!(\"name the operation: #[operation(createNote, 403)]\")".into(),
    });
    let signature = format!("fn {name}() -> crate::http::routing::Operation");
    // The handler is nested as written, so that compiler messages point into it.
    let body = Group::new(Delimiter::Brace, [function, operation].into_iter().collect());
    [attributes, visibility, code(&signature), TokenTree::Group(body).into()].into_iter().collect()
}

/// What follows the id, without the comma before it.
fn failures(arguments: IntoIter) -> TokenStream {
    arguments.skip(1).collect()
}

/// A function, parsed as far as needed.
#[derive(Default)]
struct Handler {
    attributes: TokenStream,
    /// The literals of the doc comment, one per line.
    docs: Vec<String>,
    visibility: TokenStream,
    /// From `async fn` on.
    function: TokenStream,
}

impl Handler {
    fn parse(item: TokenStream) -> Self {
        let mut handler = Self::default();
        let mut tokens = item.into_iter().peekable();
        while let Some(token) = tokens.next() {
            match token.to_string().as_str() {
                "#" => {
                    let attribute = tokens.next();
                    handler.docs.extend(attribute.as_ref().and_then(doc));
                    handler.attributes.extend(once(token).chain(attribute));
                }
                "pub" => {
                    let scope = tokens.next_if(|next| matches!(next, TokenTree::Group(_)));
                    handler.visibility.extend(once(token).chain(scope));
                }
                _ => {
                    handler.function = once(token).chain(tokens).collect();
                    break;
                }
            }
        }
        handler
    }
}

/// The literal of `[doc = "…"]`.
fn doc(attribute: &TokenTree) -> Option<String> {
    let TokenTree::Group(attribute) = attribute else { return None };
    let mut tokens = attribute.stream().into_iter();
    let is_doc = tokens.next()?.to_string() == "doc";
    if is_doc { tokens.nth(1).map(|literal| literal.to_string()) } else { None }
}

fn code(text: &str) -> TokenStream {
    let not_code = |error| format!("compile_error!(\"#[operation] is for functions: {error}\");");
    text.parse().unwrap_or_else(|error| not_code(error).parse().unwrap_or_default())
}
