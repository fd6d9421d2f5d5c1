//! Items: titles, categories, and who has the last word.

use selvedge_lake::storage::CatalogueItem;

use crate::support::Folder;

fn item(folder: &Folder, id: &str) -> CatalogueItem {
    folder
        .lake()
        .catalogue()
        .unwrap()
        .into_iter()
        .find(|item| item.id == id)
        .unwrap()
}

#[test]
fn capitals_templates_attributes_and_what_is_missing() {
    let folder = Folder::new();
    folder.write(
        "items.csv",
        "id,dep,cat,type,size,brand,since\n\
         1,GROCERY,ICE,ICE - CRUSHED/CUBED,22 LB,National,2024-01-01\n\
         2,PRODUCE,,, ,Private,\n\
         3,,,,,,\n",
    );
    let config = "
        [[catalogue]]
        path = \"items.csv\"
        title_case = [\"dep\", \"cat\", \"type\"]
        [catalogue.columns]
        id = \"id\"
        title = \"{type} {size}\"
        categories = [\"dep\", \"cat\", \"type\"]
        attributes = { maker = \"brand\", size = \"size\" }
        available_from = \"since\"";
    folder.ingest_strictly(config, 0.0).unwrap();
    let first = item(&folder, "1");
    assert_eq!(first.title, "Ice – Crushed/Cubed 22 LB");
    assert_eq!(first.categories, ["Grocery", "Ice", "Ice – Crushed/Cubed"]);
    assert_eq!(
        first.attributes,
        [
            ("maker".to_owned(), "National".to_owned()),
            ("size".to_owned(), "22 LB".to_owned())
        ]
    );
    assert_eq!(first.available_from_ms, Some(1_704_067_200_000));
    let second = item(&folder, "2");
    assert_eq!(
        (second.title.as_str(), second.categories.as_slice()),
        ("Produce", ["Produce".to_owned()].as_slice())
    );
    assert_eq!(item(&folder, "3").title, "3");
}

#[test]
fn the_last_row_and_the_last_source_have_the_last_word() {
    let folder = Folder::new();
    folder.write("a.csv", "id,title\n1,Old\n1,Newer\n2,Two\n");
    folder.write("b.csv", "id,title\n1,Newest\n");
    let source =
        |file: &str| format!("[[catalogue]]\npath = \"{file}\"\ncolumns = {{ id = \"id\", title = \"title\" }}\n");
    folder.ingest_strictly(&source("a.csv"), 0.0).unwrap();
    assert_eq!(item(&folder, "1").title, "Newer");
    folder
        .ingest_strictly(&(source("a.csv") + &source("b.csv")), 0.0)
        .unwrap();
    assert_eq!(item(&folder, "1").title, "Newest");
    assert_eq!(folder.lake().catalogue().unwrap().len(), 2);
}

#[test]
fn several_categories_in_one_column_and_lists_in_json() {
    let folder = Folder::new();
    folder.write("a.csv", "id,title,genres\n1,Toy Story,Animation|Children's|\n");
    folder.write(
        "b.jsonl",
        "{\"id\": 2, \"title\": \"Heat\", \"genres\": [\"Crime\", \"Drama\"]}\n",
    );
    let config = "
        [[catalogue]]
        path = \"[ab].*\"
        category_separator = \"|\"
        columns = { id = \"id\", title = \"title\", categories = [\"genres\"] }";
    folder.ingest_strictly(config, 0.0).unwrap();
    assert_eq!(item(&folder, "1").categories, ["Animation", "Children's"]);
    assert_eq!(item(&folder, "2").categories, ["Crime", "Drama"]);
}
