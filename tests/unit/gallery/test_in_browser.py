"""The page in Chromium: what a user sees, hears and presses; hostile names stay names."""

import json

import pytest

from weakseg.gallery.write import write_gallery

pytestmark = pytest.mark.slow

TIME = "document.querySelector('audio').currentTime"
PAUSED = "document.querySelector('audio').paused"
CURSOR = "parseFloat(document.querySelector('.cursor').style.left)"
SHOWN_MASKS = "[...document.querySelectorAll('.mask')].filter((one) => !one.hidden).length"
SHOWN_BARS = "[...document.querySelectorAll('.bar')].filter((one) => !one.hidden).length"
FOCUS = "document.activeElement.outerHTML.slice(0, 200)"
MODELS = (
    "[...document.querySelectorAll('.metrics tbody')[0].rows].map((r) => r.cells[0].textContent)"
)


@pytest.fixture
def opened(browser, page):
    browser.open(page)
    browser.wait(f"document.querySelector('audio').readyState >= 1 && {CURSOR} === 0")
    return browser


def test_it_loads_without_an_error_or_a_request(opened, page):
    assert opened.problems == []
    assert opened.requests == [page.resolve().as_uri()]
    assert opened.value("document.querySelectorAll('img')[0].naturalWidth") > 100
    assert opened.value("document.querySelectorAll('.uplot canvas').length") == 2


def test_names_are_text_and_nothing_runs(opened, hostile):
    assert opened.value("document.title") == hostile[2]
    assert opened.value("document.querySelector('#notes p').textContent") == hostile[1]
    shown = opened.value("[...document.querySelectorAll('.cells label')].map((l) => l.textContent)")
    assert shown == [hostile[0], hostile[2], hostile[1]]
    opened.press("n")
    assert opened.value("document.querySelector('#clip h2').textContent") == hostile[0]
    assert (
        opened.value("document.querySelectorAll('#clip script, img[src=x], #clip i').length") == 0
    )
    assert opened.problems == []


def test_the_policy_stops_what_is_not_the_page_s_own(opened):
    opened.value(
        "(() => { const one = document.createElement('script'); one.textContent = 'taken = 1';"
        "document.body.append(one); new Image().src = 'https://example.invalid/x'; })()"
    )
    assert opened.value("typeof taken") == "undefined"
    assert len(opened.problems) == 2 and all("Content Security" in one for one in opened.problems)


def test_a_sound_plays_and_the_cursor_runs(opened):
    opened.click(".cells td button")
    opened.wait(f"{TIME} > 0.3")
    assert opened.value(CURSOR) > 5
    assert (
        opened.value("document.querySelector('.cells td button').getAttribute('aria-pressed')")
        == "true"
    )
    opened.click('[aria-label="Play: mixture"]')
    assert opened.value(PAUSED) is True


def test_another_sound_goes_on_at_the_same_place(opened, hostile):
    opened.click(".spectrogram", across=0.6)
    before = opened.value(TIME)
    opened.click(f"[aria-label={json.dumps(f'Play: {hostile[0]}, truth')}]")
    opened.wait(f"!{PAUSED} && {TIME} > {before}")
    assert opened.value(TIME) < before + 1
    assert hostile[0] in opened.value("document.querySelector('output').textContent")


def test_all_sounds_can_be_decoded(opened):
    lengths = opened.value(
        "Promise.all(JSON.parse(document.getElementById('data').textContent).clips"
        ".flatMap((clip) => [clip.mixture,"
        " ...clip.rows.flatMap((row) => row.cells.map((cell) => cell.sound))])"
        ".filter(Boolean).map((uri) => new Promise((done, fail) => {"
        " const one = new Audio(uri); one.onloadedmetadata = () => done(one.duration);"
        " one.onerror = () => fail(one.error.message); })))"
    )
    assert len(lengths) == 2 * 5 and all(abs(one - 3) < 0.02 for one in lengths)


@pytest.mark.parametrize("part", [".spectrogram", ".lanes", ".uplot"])
def test_a_click_seeks(opened, part):
    box = opened.value(
        "(() => { const [a, b] = [document.querySelector('.over'), document.querySelector("
        f"'{part}')].map((one) => one.getBoundingClientRect());"
        "return [(a.x + a.width / 4 - b.x) / b.width, a.width]; })()"
    )
    opened.click(part, across=box[0])
    assert opened.value(TIME) == pytest.approx(0.75, abs=2 * 3 / box[1])
    assert opened.value(CURSOR) == pytest.approx(25, abs=0.5)


def test_what_is_over_each_other_has_one_axis_of_time(opened):
    edges = opened.value(
        "['.spectrogram', '.lanes', '.over', '.u-over'].map((name) => {"
        "const box = document.querySelector(name).getBoundingClientRect();"
        "return [box.left, box.right]; })"
    )
    for left, right in edges[1:]:
        assert left == pytest.approx(edges[0][0], abs=1)
        assert right == pytest.approx(edges[0][1], abs=1)
    first, last = edges[0]
    bar = opened.value(
        "(() => { const box = document.querySelector('.truth .bar').getBoundingClientRect();"
        "return [box.left, box.right]; })()"
    )
    assert [(one - first) / (last - first) * 3 for one in bar] == pytest.approx(
        [0.4, 1.6], abs=0.01
    )


def test_masks_and_classes_are_toggled(opened, hostile):
    assert opened.value(SHOWN_MASKS) == 4  # of the two true classes, true and predicted
    opened.click(f"[aria-label={json.dumps(f'Mask: {hostile[0]}, truth')}]")
    assert opened.value(SHOWN_MASKS) == 3
    bars = opened.value(SHOWN_BARS)
    opened.click(".cells input")
    assert opened.value(SHOWN_MASKS) == 2
    assert opened.value(SHOWN_BARS) == bars - 2
    opened.press("1")
    assert (opened.value(SHOWN_MASKS), opened.value(SHOWN_BARS)) == (3, bars)
    assert opened.value("document.querySelector('.cells input').checked") is True


def test_keys_play_seek_and_change_the_clip(opened):
    opened.press("ArrowRight")
    opened.press("ArrowRight", shift=True)
    assert opened.value(TIME) == pytest.approx(0.55)
    opened.press("ArrowLeft")
    assert opened.value(TIME) == pytest.approx(0.05)
    opened.press(" ")
    opened.wait(f"!{PAUSED} && {TIME} > 0.2")
    opened.press(" ")
    assert opened.value(PAUSED) is True
    opened.press("p")
    current = "[...document.querySelectorAll('#clips button')].map((b) => b.ariaCurrent)"
    assert opened.value(current) == ["false", "true"]
    assert opened.value(TIME) == 0
    assert opened.problems == []


def test_the_tabulator_reaches_every_control_and_shows_where_it_is(opened):
    reached = []
    for _ in range(60):
        opened.press("Tab")
        reached.append(opened.value(FOCUS))
        if reached[-1].startswith("<summary"):
            break
        style = "getComputedStyle(document.activeElement).outlineStyle"
        seen = f"document.activeElement === document.body || {style} !== 'none'"
        assert opened.value(seen), reached[-1]
    text = "\n".join(reached)
    wanted = ["skip", "<audio", "Play: mixture", "Mask:", 'type="checkbox"', 'role="slider"']
    assert [one for one in [*wanted, "columnheader", "<summary"] if one not in text] == []
    assert text.index("skip") < text.index("<audio") < text.index('role="slider"')
    position = "document.querySelector('[role=slider]').ariaValueText"
    opened.press("ArrowRight")
    assert opened.value(position) == "0.50 s"


def test_the_table_is_sorted_by_mouse_and_keys(opened):
    assert opened.value(MODELS) == ["<u>a</u>", "b", "oracle_activity", "floor_ones"]
    heading = ".metrics section thead th:nth-child(2)"
    opened.click(heading)
    assert opened.value(MODELS) == ["oracle_activity", "<u>a</u>", "b", "floor_ones"]
    assert opened.value(f"document.querySelector('{heading}').ariaSort") == "descending"
    opened.press(" ")
    assert opened.value(MODELS) == ["floor_ones", "b", "<u>a</u>", "oracle_activity"]
    cells = "[...document.querySelectorAll('.metrics tbody tr')[2].cells].map((c) => c.textContent)"
    assert opened.value(cells) == ["<u>a</u>", "0.2500.20\u20130.30", "0.2500.20\u20130.30"]


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("width", [390, 1280])
def test_it_fits_the_window_in_both_colours(browser, page, width, dark):
    browser.open(page, width=width, dark=dark)
    browser.wait("document.querySelector('.uplot') !== null")
    assert browser.value("document.documentElement.scrollWidth") <= width
    ground = browser.value("getComputedStyle(document.body).backgroundColor")
    assert (sum(map(int, ground[4:-1].split(","))) < 200) == dark
    faint = browser.value(CONTRASTS)
    assert min(faint.values()) >= 4.5, faint
    beside = browser.value(
        "document.querySelector('aside').getBoundingClientRect().left >"
        " document.querySelector('main').getBoundingClientRect().right"
    )
    assert beside == (width == 1280)


# Contrast (WCAG 2) of each kind of text with what lies under it.
CONTRASTS = """(() => {
  const numbers = (colour) => colour.match(/[\\d.]+/g).map(Number);
  const light = (colour) => numbers(colour).slice(0, 3).map((part) => part / 255)
    .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4))
    .reduce((sum, part, at) => sum + part * [0.2126, 0.7152, 0.0722][at], 0);
  const ground = (one) => {
    for (let at = one; at; at = at.parentElement) {
      const colour = getComputedStyle(at).backgroundColor;
      const [, , , opacity = 1] = numbers(colour);
      if (opacity === 1) return colour;
    }
  };
  const kinds = ["h1", "#notes p", "#clips button", "#clips [aria-current=true]", "#clip p",
    "output", ".cells td small", ".cells [aria-pressed=true]", ".cells [aria-pressed=false]",
    ".beside span", ".row-name", ".metrics td", ".metrics td small", "summary"];
  return Object.fromEntries(kinds.map((kind) => {
    const one = document.querySelector(kind);
    const [a, b] = [light(getComputedStyle(one).color), light(ground(one))].sort((x, y) => y - x);
    return [kind, (a + 0.05) / (b + 0.05)];
  }));
})()"""


def test_a_clip_without_truth_has_no_place_for_it(browser, make_clip, tmp_path):
    path = tmp_path / "own.html"
    write_gallery(path, "own", [make_clip(truth=False)], thresholds=[0.1, 0.2])
    browser.open(path)
    browser.wait("document.querySelector('audio').readyState >= 1")
    heads = "[...document.querySelectorAll('.cells thead th')].map((one) => one.textContent)"
    assert browser.value(heads) == ["class", "<i>model</i>"]
    assert browser.value("document.querySelector('aside')") is None
    assert browser.value(SHOWN_MASKS) == 2
    assert browser.problems == []
