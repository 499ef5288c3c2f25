import pytest

from weakseg.listing import ListError, parse, read_listed


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_a_list_out_of_any_spreadsheet(tmp_path, delimiter, end, mark):
    rows = [
        ["Label ", "FILE", "source"],
        ["Straße", '"a b,;.wav"', ""],
        ["", "", ""],
        ["x", "y.wav"],
    ]
    text = mark + end.join(delimiter.join(row) for row in rows) + end
    (tmp_path / "mine.csv").write_bytes(text.encode())
    assert read_listed(tmp_path / "mine.csv", "events") == [
        {"label": "Straße", "file": "a b,;.wav", "source": ""},
        {"label": "x", "file": "y.wav", "source": ""},
    ]


@pytest.mark.parametrize(
    "content,message",
    [
        ("", "it lists nothing; add a line a recording"),
        ("file,label\n", "it lists nothing"),
        ("name,label\na.wav,Bark\n", r"no column file \(there are name, label\); its first line"),
        ("file\na.wav\n", "no column label"),
        ("file,label\na,b.wav,Bark\n", r"line 2: 3 cells, where the first line has 2; put quotes"),
        ("file,label\n,Bark\n", r"a row has no file \(, Bark\); complete it"),
        ("file,label\na.wav,Bark\na.wav,Mew\n", "a.wav is listed as 'Bark' and as 'Mew'; keep one"),
        ("file,label\na.wav,Bär\n".encode("cp1252"), "not UTF-8 text .*; save it as CSV UTF-8"),
        ("file,label\na.wav,Bark\n".encode("utf-16"), "not UTF-8 text"),
        (None, r"cannot be read \(No such file or directory\); correct the path"),
    ],
)
def test_what_is_no_list_is_refused_in_one_line(tmp_path, content, message):
    path = tmp_path / "mine.csv"
    if content is not None:
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(ListError, match=rf"mine\.csv(: |, ){message}") as caught:
        read_listed(path, "events")
    assert "\n" not in str(caught.value)


def test_scenes_need_no_label(tmp_path):
    (tmp_path / "mine.csv").write_text("file\na.wav\n")
    assert read_listed(tmp_path / "mine.csv", "scenes") == [{"file": "a.wav"}]


def test_cells_left_out_are_empty_and_empty_cells_too_many_ignored():
    assert parse("a,b\n1\n2,3,,\n", "x") == [{"a": "1", "b": ""}, {"a": "2", "b": "3"}]
