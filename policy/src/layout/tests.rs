use super::*;

fn yaml(text: &str) -> String {
    layout(text, Format::Yaml).unwrap()
}

#[test]
fn fields_come_in_the_order_of_the_language_and_names_stay() {
    let text = "\
routes:
- methods:
    PUT: a:b
    GET: a:c
  path: /x
tenants:
    zeta: {cell: z, isolation: dedicated}
    acme:   {isolation: shared}
version: 1
odd: 1
";
    let expected = "\
version: 1
tenants:
  zeta: {isolation: dedicated, cell: z}
  acme: {isolation: shared}
routes:
  - path: /x
    methods:
      PUT: a:b
      GET: a:c
odd: 1
";
    assert_eq!(yaml(text), expected);
}

#[test]
fn comments_stay_with_what_they_are_about() {
    let text = "\
# The policy of the corpus.
# yaml-language-server: $schema=policy.schema.json

# what may be done
roles:   # by name
    # reads
    viewer: {permissions: ['a#b:c', \"a:b\"]} # all of them
    editor:
        permissions: # two
          - a:c # writes
          # and later
          - a:d
        extends: [viewer]
        # an editor is no admin

    # nobody yet
# the language
version:    1   # only one
# the end
";
    let expected = "\
# The policy of the corpus.
# yaml-language-server: $schema=policy.schema.json

# the language
version: 1  # only one
# what may be done
roles:  # by name
  # reads
  viewer: {permissions: ['a#b:c', \"a:b\"]}  # all of them
  editor:
    extends: [viewer]
    # an editor is no admin
    permissions:  # two
      - a:c  # writes
      # and later
      - a:d

  # nobody yet
# the end
";
    assert_eq!(yaml(text), expected);
}

#[test]
fn braces_stay_while_they_fit_and_no_comment_is_within() {
    let long = format!("  a: {{permissions: [{}]}}\n", ["reports:read"; 8].join(", "));
    let broken = format!("  a:\n    permissions:\n{}", "      - reports:read\n".repeat(8));
    assert!(yaml(&format!("roles:\n{long}")).ends_with(&broken));
    for (text, expected) in [
        ("roles: {\n  a: {}, b: []}\n", "roles: {a: {}, b: []}\n"),
        (
            "roles: {a: {permissions: [x:y]}, # one\n  b: {permissions: [x:z]} # two\n  }\n",
            "roles:  # one\n  a: {permissions: [x:y]}\n  b: {permissions: [x:z]}  # two\n",
        ),
        ("routes: [{path: /x}]\n", "routes: [{path: /x}]\n"),
        ("routes:\n- - a\n  - b\n-\n  path: /x\n", "routes:\n  - - a\n    - b\n  - path: /x\n"),
        ("{\"version\": 1, \"roles\": {}}", "\"version\": 1\n\"roles\": {}\n"),
    ] {
        assert_eq!(yaml(text), expected, "{text:?}");
    }
}

#[test]
fn what_takes_several_lines_or_none_is_written_in_one() {
    for (text, expected) in [
        ("a: |\n  x\n  y\n", "a: \"x\\ny\\n\"\n"),
        ("a: >-\n  x\n  y\nb: 1\n", "a: \"x y\"\nb: 1\n"),
        ("a: x\n  y\n", "a: \"x y\"\n"),
        ("a: 'x\n\n  y'\n", "a: \"x\\ny\"\n"),
        ("a:\nb: ~\nc: [null, '']\n", "a: null\nb: ~\nc: [null, '']\n"),
        ("\u{feff}---\r\na: 1\r\n# x\r\nb: 2\r\n", "a: 1\n# x\nb: 2\n"),
    ] {
        assert_eq!(yaml(text), expected, "{text:?}");
    }
}

#[test]
fn a_text_without_a_policy_stays_as_it_is() {
    for text in ["", "# nothing\n", "[1,2]", "just text"] {
        assert_eq!(yaml(text), text);
    }
    for text in ["a: [", "a: &x 1\n", "a: 1\na: 2\n"] {
        assert!(matches!(layout(text, Format::Yaml), Err(LayoutError::Findings(_))), "{text:?}");
    }
}

#[test]
fn json_has_its_sections_open_and_what_is_below_in_a_line() {
    let text =
        r#"{"routes":[{"methods":{"GET":"a:b"},"path":"/\u0078"}],"tenants":{},"version":1.0}"#;
    let expected = "\
{
  \"version\": 1.0,
  \"tenants\": {},
  \"routes\": [
    {\"path\": \"/\\u0078\", \"methods\": {\"GET\": \"a:b\"}}
  ]
}
";
    assert_eq!(layout(text, Format::Json).unwrap(), expected);
}
