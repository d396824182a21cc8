from ngopi.categories import CATEGORIES


def test_the_list_has_apples_19_categories_and_91_subcategories():
    assert len(CATEGORIES) == 19
    assert sum(map(len, CATEGORIES.values())) == 91


def test_every_name_is_unique_within_its_level_and_sorted_as_apple_shows_it():
    names = [name for names in CATEGORIES.values() for name in names]

    assert len(names) == len(set(names))
    assert all(list(names) == sorted(names) for names in CATEGORIES.values())


def test_names_are_trimmed_and_spelled_with_an_ampersand():
    names = [*CATEGORIES, *(name for names in CATEGORIES.values() for name in names)]

    assert all(name == " ".join(name.split()) for name in names)
    assert not [name for name in names if " and " in name]


def test_names_that_apple_retired_in_2019_are_not_there():
    retired = {"Games & Hobbies", "Government & Organizations", "Health", "News & Politics"}

    assert not retired & set(CATEGORIES)
