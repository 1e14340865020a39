"""The page as a person meets it, in a real browser, answered by the run that comes with lddu."""

import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.serve.browser import browser, faults, need_browser, running, soon

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    need_browser()
    place = tmp_path_factory.mktemp("temporary")
    with running(place) as (found, _):
        yield found
    assert list(place.iterdir()) == [], "files were left"


@pytest.fixture
def page(address: str) -> Iterator[Any]:
    with browser() as driver:
        driver.get(address)
        soon(lambda: at(driver, "health").text == "Ready")
        yield driver
        assert faults(driver) == []


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from lddu.clips.simulated.talking_clips import MANNERS, TalkingClip, write_talking_clip

    path = tmp_path_factory.mktemp("clip") / "talk.mp4"
    manner = MANNERS["happy"]
    write_talking_clip(path, TalkingClip(manner.sentences[0], manner.face, manner.pitch, manner.pace), "buzz")
    return path


def at(driver: Any, name: str) -> Any:
    return driver.find_element("id", name)


def in_answer(driver: Any, script: str) -> Any:
    """A value of the framed page, which the page around it cannot read."""
    driver.switch_to.frame(at(driver, "page"))
    try:
        return driver.execute_script(f"return {script}")
    finally:
        driver.switch_to.default_content()


def answered(driver: Any, title: str) -> None:
    soon(lambda: at(driver, "title").text == title and at(driver, "answer").is_displayed())
    soon(lambda: in_answer(driver, "document.querySelectorAll('.card').length") > 0)


def test_the_token_leaves_the_address_and_a_reload_still_works(page: Any) -> None:
    assert "token" not in page.current_url
    page.refresh()
    soon(lambda: at(page, "health").text == "Ready")


def test_a_dropped_clip_is_answered_and_played_from_the_browsers_own_copy(page: Any, clip: Path) -> None:
    at(page, "file").send_keys(str(clip))
    answered(page, "talk.mp4")
    soon(lambda: in_answer(page, "document.querySelector('video').readyState >= 1"))
    assert in_answer(page, "document.querySelector('video').src").startswith("blob:")
    assert in_answer(page, "document.querySelectorAll('.emotions tr').length") > 3
    endings = [link.text for link in page.find_elements("css selector", "#exports a")]
    assert {"json", "html", "srt", "vtt", "eaf", "TextGrid", "csv", "long.csv", "parquet", "jsonl"} <= set(endings)
    fetched = (
        "return Promise.all([...document.querySelectorAll('#exports a')].map(a => fetch(a.href).then(r => r.status)))"
    )
    assert page.execute_script(fetched) == [200] * len(endings)
    page.refresh()  # the copy is gone with the page; the answer is not
    soon(lambda: page.find_elements("css selector", "#history .open"))[0].click()
    answered(page, "talk.mp4")
    soon(lambda: in_answer(page, "!document.querySelector('.unplayed').hidden"))


def test_the_frame_of_an_answer_reaches_nothing_around_it(page: Any) -> None:
    at(page, "text").send_keys("We lost everything.")
    at(page, "words").submit()
    answered(page, "“We lost everything.”")
    reach = "(() => { try { return parent.document.title } catch { return 'closed' } })()"
    assert in_answer(page, reach) == "closed" and in_answer(page, "origin") == "null"


def test_a_choice_for_voices_and_faces_does_not_stop_words(page: Any, tmp_path: Path) -> None:
    page.execute_script(
        "document.getElementById('per_person').checked = document.getElementById('transcribe').checked = true"
    )
    at(page, "text").send_keys("I am so glad.")
    at(page, "words").submit()
    answered(page, "“I am so glad.”")
    (tmp_path / "note.txt").write_text("What a day.")
    at(page, "file").send_keys(str(tmp_path / "note.txt"))
    answered(page, "note.txt")


def test_words_are_answered_by_keyboard_alone(page: Any) -> None:
    from selenium.webdriver.common.action_chains import ActionChains
    from selenium.webdriver.common.keys import Keys

    met = []
    for _ in range(30):
        ActionChains(page).send_keys(Keys.TAB).perform()
        met.append(page.switch_to.active_element.get_attribute("id"))
        if met[-1] == "text":
            break
    assert met[0] == "file" and met[-1] == "text"
    ActionChains(page).send_keys("What a surprise!", Keys.TAB, Keys.ENTER).perform()
    answered(page, "“What a surprise!”")
    assert page.switch_to.active_element.get_attribute("id") == "title"


def test_before_the_first_recording_the_notice_is_shown_and_no_means_no(page: Any) -> None:
    at(page, "record").click()
    notice = at(page, "notice")
    assert notice.is_displayed() and "often wrong" in notice.text
    notice.find_elements("css selector", "button")[1].click()
    soon(lambda: not at(page, "notice").is_displayed())
    assert not at(page, "preview").is_displayed() and at(page, "record").text == "Record"


@pytest.mark.parametrize("camera", [True, False])
def test_a_recording_is_a_whole_file_and_is_answered(page: Any, camera: bool) -> None:
    page.execute_script("document.getElementById('seconds').value = '5'")
    if not camera:
        at(page, "camera").click()
    at(page, "record").click()
    at(page, "agree").click()
    soon(lambda: at(page, "record").text == "Stop")
    soon(lambda: at(page, "answer").is_displayed() or at(page, "fault").is_displayed())
    found = at(page, "title").text + at(page, "fault").text
    assert "recording " in found and ".webm" in found
    if not camera:  # the fake microphone beeps: a voice of no words, which is answered
        answered(page, found)
    assert not page.execute_script("return document.getElementById('preview').srcObject")


def test_live_shows_the_last_answer_until_it_is_stopped(page: Any) -> None:
    page.execute_script(
        "document.getElementById('seconds').value = '5'; document.getElementById('camera').checked = false"
    )
    at(page, "live").click()
    at(page, "agree").click()
    soon(lambda: page.find_elements("css selector", "#meters meter"))
    at(page, "live").click()
    soon(lambda: at(page, "live").text == "Live" and at(page, "record").is_enabled())


def test_a_broken_file_ends_in_a_sentence(page: Any, tmp_path: Path) -> None:
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(b"no video at all")
    at(page, "file").send_keys(str(broken))
    said = soon(lambda: at(page, "fault").is_displayed() and at(page, "fault").text)
    assert said.startswith("Expected broken.mp4 to be")


def test_several_files_are_answered_one_after_the_other_and_a_photo_is_shown(
    page: Any, clip: Path, tmp_path: Path
) -> None:
    import av

    photo, broken, words = tmp_path / "photo.png", tmp_path / "broken.mp4", tmp_path / "words.txt"
    with av.open(str(clip)) as video:
        picture = next(video.decode(video=0)).to_image()  # type: ignore[no-untyped-call]
    picture.save(photo)
    broken.write_bytes(b"no video at all")
    words.write_text("What a surprise!")
    at(page, "file").send_keys("\n".join(str(file) for file in (broken, words, photo)))
    answered(page, "photo.png")
    assert "broken.mp4" in at(page, "fault").text
    rows = soon(lambda: page.find_elements("css selector", "#history .open"))
    assert [row.text for row in rows[:3]] == ["photo.png", "words.txt", "broken.mp4"]
    soon(lambda: in_answer(page, "document.querySelector('.player img').naturalWidth") == picture.width)
    rows[2].click()
    assert at(page, "fault").text.startswith("Expected broken.mp4 to be")


def test_a_clip_that_is_cancelled_leaves_nothing_and_the_next_is_answered(page: Any, clip: Path) -> None:
    page.execute_script(
        "new MutationObserver(() => document.getElementById('cancel').click()).observe(document.getElementById('doing'), { childList: true })"
    )
    at(page, "file").send_keys(str(clip))
    soon(lambda: not at(page, "now").is_displayed() and at(page, "doing").text == "")
    assert not at(page, "answer").is_displayed() and not at(page, "fault").is_displayed()
    page.refresh()
    soon(lambda: at(page, "health").text == "Ready")
    at(page, "text").send_keys("We lost everything.")
    at(page, "words").submit()
    answered(page, "“We lost everything.”")


@pytest.mark.parametrize("width", [390, 1280])
def test_a_server_that_stopped_is_said_in_sight_though_nothing_is_asked(tmp_path: Path, width: int) -> None:
    need_browser()
    with running(tmp_path) as (address, process), browser(width, 844) as driver:
        driver.get(address)
        soon(lambda: at(driver, "health").text == "Ready")
        at(driver, "text").send_keys("I am so glad that you came.")
        at(driver, "words").submit()
        answered(driver, "“I am so glad that you came.”")
        process.send_signal(signal.SIGINT)
        process.wait(20)
        soon(lambda: at(driver, "health").text == "The server does not answer. Is 'lddu serve' still running?", 20)
        seen = "const b = document.getElementById('health').getBoundingClientRect(); return [scrollY, b.top, b.bottom, b.right, innerHeight]"
        scrolled, top, bottom, right, height = driver.execute_script(seen)
        assert scrolled > 100 and 0 <= top < bottom <= height and right <= width


@pytest.mark.parametrize("width", [390, 1300])
@pytest.mark.parametrize("dark", [False, True])
def test_nothing_is_wider_than_the_window(address: str, width: int, dark: bool) -> None:
    with browser(width, 844, dark) as driver:
        driver.get(address)
        soon(lambda: at(driver, "health").text == "Ready")
        driver.execute_script("document.querySelectorAll('details').forEach(d => d.open = true)")
        at(driver, "text").send_keys("I am so glad that you came, and so sad that you go. " * 4)
        at(driver, "words").submit()
        soon(lambda: in_answer(driver, "document.querySelectorAll('.card').length") > 0)
        assert driver.execute_script("return document.documentElement.scrollWidth") <= width
        assert in_answer(driver, "document.documentElement.scrollWidth") <= width
        paper = driver.execute_script("return getComputedStyle(document.body).backgroundColor")
        assert paper == ("rgb(20, 23, 29)" if dark else "rgb(255, 255, 255)")
