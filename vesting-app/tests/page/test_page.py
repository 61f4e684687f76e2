"""The page in a real browser, over the real binary."""

from __future__ import annotations

import re
import unittest
import urllib.request

from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys

from browser import DESKTOP, PHONE, SHOTS, Browser
from served import Served, demo

ROWS = "table[aria-label=Miners] tbody tr"
VIEWS = {"miners": "#/", "miner": "#/miners/uid%3A5", "epochs": "#/epochs", "policy": "#/policy"}


class PageTest(unittest.TestCase):
    """Every test has a window of its own."""

    served: Served

    @classmethod
    def setUpClass(cls) -> None:
        cls.served = demo()
        cls.addClassCleanup(cls.served.kill)

    def setUp(self) -> None:
        self.browser = Browser()
        self.addCleanup(self.browser.close)

    def open(self, view: str = "miners", served: Served | None = None) -> None:
        self.browser.driver.get("about:blank")
        self.browser.driver.get(f"{(served or self.served).url}/{VIEWS.get(view, view)}")
        self.browser.wait(lambda: self.browser.texts("main h1"), f"the view {view} does not open")

    def rows(self) -> list[str]:
        return self.browser.texts(ROWS)

    def factors(self) -> list[float]:
        return [float(text.lstrip("×")) for text in self.browser.texts(f"{ROWS} td:nth-child(6)")]

    def drawn(self) -> int:
        return int(self.browser.ask("return document.querySelectorAll('.chart svg *').length"))


class Miners(PageTest):
    def test_the_table_fills_and_nobody_else_is_asked(self) -> None:
        self.open()
        self.assertEqual(len(self.rows()), 15)
        self.assertEqual(self.browser.text(".figures dd").split()[0], "15")
        self.browser.wait(self.drawn, "no chart is drawn")
        self.browser.wait(lambda: self.browser.one("#pulse").get_attribute("data-state") == "live", "it is not live")
        hosts = self.browser.ask("return performance.getEntriesByType('resource').map((one) => new URL(one.name).origin)")
        self.assertEqual(set(hosts), {self.served.url})
        self.assertEqual([error for error in self.browser.errors() if "503" not in error or "/health/ready" not in error], [])

    def test_many_pages_of_one_browser_do_not_hold_each_other_up(self) -> None:
        for _ in range(8):
            self.open("miner")
            self.browser.driver.switch_to.new_window("tab")
        self.browser.look(DESKTOP, dark=False)
        self.open("miner")
        self.browser.wait(lambda: self.drawn() > 100, "the last one has no chart")

    def test_programs_and_styles_in_the_text_are_refused(self) -> None:
        self.open()
        ran = self.browser.ask(
            "const script = document.createElement('script'); script.textContent = 'window.ran = true'; document.body.append(script);"
            "const box = document.createElement('p'); box.setAttribute('style', 'position: fixed'); document.body.append(box);"
            "return [window.ran === true, getComputedStyle(box).position]"
        )
        self.assertEqual(ran, [False, "static"])
        with urllib.request.urlopen(f"{self.served.url}/") as answer:
            policy, tag = answer.headers["content-security-policy"], answer.headers["etag"]
            self.assertEqual(answer.headers["x-content-type-options"], "nosniff")
        self.assertIn("default-src 'none'", policy)
        self.assertNotIn("unsafe", policy)
        with self.assertRaises(urllib.error.HTTPError) as same:
            urllib.request.urlopen(urllib.request.Request(f"{self.served.url}/", headers={"If-None-Match": tag}))
        self.assertEqual(same.exception.code, 304)

    def test_it_is_sorted_and_searched(self) -> None:
        self.open()
        falling = self.factors()
        self.assertEqual(falling, sorted(falling, reverse=True))
        self.assertGreater(falling[0], falling[-1])
        self.browser.one("th[aria-sort=descending] button").click()
        self.assertEqual(self.factors(), sorted(falling))
        self.assertEqual([text.split()[0] for text in self.browser.texts("th[aria-sort]")], ["Multiplier"])
        hotkey = str(self.browser.one(f"{ROWS} td a").get_attribute("title"))
        search = self.browser.one("input[type=search]")
        search.send_keys(hotkey[5:20])
        self.assertEqual([row.get_attribute("title") for row in self.browser.all(f"{ROWS} td a")], [hotkey])
        self.assertIn("1 of 15", self.browser.text("main"))
        search.clear()
        search.send_keys("nobody has this")
        self.assertEqual(self.rows(), ["No miner matches."])
        search.clear()
        search.send_keys("7")
        self.assertEqual(self.browser.texts(f"{ROWS} td:first-child"), ["7"])

    def test_a_new_epoch_appears_by_itself(self) -> None:
        self.open()
        self.browser.ask("window.same = true; document.querySelector('input[type=search]').value = '5F'")
        before = self.browser.text(".head p")
        self.browser.wait(lambda: self.browser.text(".head p") != before, "no new epoch appears")
        epoch = re.search(r"epoch ([\d,]+)", self.browser.text(".head p"))
        assert epoch
        self.assertGreater(int(epoch[1].replace(",", "")), int(re.search(r"epoch ([\d,]+)", before)[1].replace(",", "")))  # type: ignore[index]
        self.assertTrue(self.browser.ask("return window.same"), "the page was loaded anew")
        self.assertEqual(self.browser.ask("return document.querySelector('input[type=search]').value"), "5F")
        self.assertRegex(str(self.browser.ask("return document.getElementById('news').textContent")), r"New epoch \d+")


class OneMiner(PageTest):
    def span(self) -> int:
        """How many epochs are drawn; the record has some 150."""
        words = self.browser.ask("return document.querySelector('.chart svg').getAttribute('aria-label')")
        return int(re.findall(r"Over (\d+) epochs", str(words))[0])

    def test_a_click_opens_it_and_the_chart_draws(self) -> None:
        self.open()
        self.browser.one("input[type=search]").send_keys("5")
        self.browser.one(f"{ROWS} td:nth-child(3)").click()
        self.browser.wait(lambda: self.browser.texts("main h1") == ["Miner 5"], "it does not open")
        self.assertRegex(self.browser.text(".factor"), r"×1\.\d{4} of at most ×1\.50")
        self.browser.wait(lambda: self.drawn() > 100, "the chart is not drawn")
        words = self.browser.ask("return document.querySelector('.chart svg').getAttribute('aria-label')")
        self.assertRegex(str(words), r"the multiplier went from 1\.\d{9} to 1\.\d{9}")
        self.assertIn("Had nothing been sold", self.browser.text(".raise"))
        self.assertGreaterEqual(len(self.browser.all("table[aria-label='Largest sales'] tbody tr")), 5)
        chart = self.browser.one(".chart")
        ActionChains(self.browser.driver).move_to_element_with_offset(chart, -100, 0).perform()
        self.assertRegex(self.browser.text(".told"), r"(?s)Epoch [\d,]+.*Multiplier ×1\.\d{4}")
        for epochs in (60, 1000):
            self.browser.one(f".group button[data-count='{epochs}']").click()
            self.browser.wait(lambda epochs=epochs: self.span() == epochs or 60 < self.span() < epochs, "no other span")
        self.browser.driver.back()
        self.browser.wait(lambda: len(self.rows()) == 15, "the way back")

    def test_who_is_not_there_is_said(self) -> None:
        self.open("#/miners/uid%3A999")
        self.assertIn("uid:999", self.browser.text("main"))


class Epochs(PageTest):
    def test_they_are_listed_and_one_opens(self) -> None:
        self.open("epochs")
        rows = "table[aria-label=Epochs] tbody tr"
        count = len(self.browser.all(rows))
        self.assertGreater(count, 5)
        self.browser.one("main > p button").click()
        self.browser.wait(lambda: len(self.browser.all(rows)) > count + 5, "no older epochs")
        newest = self.browser.texts(f"{rows} a")[0]
        self.browser.wait(lambda: self.browser.texts(f"{rows} a")[0] != newest, "no new epoch appears")
        # Those that come meanwhile push the others down.
        self.browser.ask("document.querySelector(arguments[0]).click()", f"{rows}:nth-child(3) a")
        self.browser.wait(lambda: "What it did to every position" in self.browser.text("main"), "it does not open")
        self.assertGreater(len(self.browser.all("main tbody tr")), 10)


class Policy(PageTest):
    def test_a_slider_tells_what_would_differ(self) -> None:
        self.open("policy")
        self.browser.wait(self.drawn, "no chart")
        before = self.drawn()
        slider = self.browser.one("#dial-retention_target")
        for _ in range(6):
            slider.send_keys(Keys.ARROW_LEFT)
        self.assertIn("90 % → 60 %", self.browser.text(".dial output"))
        self.browser.wait(lambda: re.search(r"\d+ of 15 multipliers would differ; the mean", self.browser.text("main")), "nothing is said")
        self.browser.wait(lambda: self.drawn() > before, "the other policy is not drawn")
        rows = self.browser.texts("table[aria-label='Under the other policy'] tbody tr")
        self.assertTrue(rows and all("+0." in row for row in rows), rows)
        self.browser.one(".dials > div:last-child > button").click()
        self.browser.wait(lambda: "Move a slider" in self.browser.text("main"), "it does not go back")


class Outage(PageTest):
    def test_it_shows_and_goes_away(self) -> None:
        served = demo()
        self.addCleanup(lambda: served.kill())
        self.open(served=served)
        self.browser.wait(lambda: self.browser.one("#pulse").get_attribute("data-state") == "live", "it is not live")
        served.kill()
        self.browser.wait(lambda: "No connection to vesting since" in self.browser.text("#banners"), "the outage is not said", 10)
        self.assertEqual(self.browser.one("#pulse").get_attribute("data-state"), "lost")
        self.assertEqual(len(self.rows()), 15, "what was there stays")
        self.browser.shot("outage-desktop", DESKTOP)
        again = demo(port=served.port)
        self.addCleanup(again.kill)
        self.browser.wait(lambda: self.browser.one("#pulse").get_attribute("data-state") == "live", "it does not come back")
        self.assertEqual(self.browser.text("#banners"), "")
        before = self.browser.text(".head p")
        self.browser.wait(lambda: self.browser.text(".head p") != before, "no new epoch appears")

    def test_a_stale_record_is_said(self) -> None:
        self.browser.wait(lambda: self.served.database, "no database")
        stale = Served("run", "--read-only", "--database-url", str(self.served.database))
        self.addCleanup(stale.kill)
        self.open(served=stale)
        self.browser.wait(lambda: "The record is stale" in self.browser.text("#banners"), "it is not said")
        self.assertEqual(self.browser.one("#pulse").get_attribute("data-state"), "stale")
        self.browser.shot("stale-desktop", DESKTOP)


class Token(PageTest):
    def test_it_is_asked_for_and_kept(self) -> None:
        served = demo(VESTING_API_TOKEN="sesame")
        self.addCleanup(served.kill)
        self.open(served=served)
        self.assertIn("A token is needed", self.browser.text("main"))
        self.browser.one("#token").send_keys("simsim" + Keys.ENTER)
        self.browser.wait(lambda: "not the right one" in self.browser.text("main"), "a wrong token is not said")
        self.browser.one("#token").send_keys("sesame" + Keys.ENTER)
        self.browser.wait(lambda: len(self.rows()) == 15, "the table does not fill")
        self.browser.wait(lambda: self.browser.one("#pulse").get_attribute("data-state") == "live", "it is not live")
        self.browser.driver.refresh()
        self.browser.wait(lambda: len(self.rows()) == 15, "the token is forgotten")
        self.assertEqual(self.browser.ask("return [document.cookie, localStorage.length]"), ["", 0])


class Looks(PageTest):
    def test_nothing_is_wider_than_a_phone(self) -> None:
        for width in (360, 390):
            self.browser.look((width, 844), dark=False)
            self.open("epochs")
            epoch = str(self.browser.ask("return document.querySelector('tbody a').hash"))
            for view in [*VIEWS, epoch]:
                with self.subTest(view=view, width=width):
                    self.open(view)
                    self.browser.wait(lambda view=view: "epochs" in view or self.drawn(), "no chart")
                    wide = self.browser.ask(
                        "scrollTo(200, 0); return [scrollX, document.documentElement.scrollWidth, document.querySelector('main').scrollWidth]"
                    )
                    self.assertEqual(wide[0], 0, wide)
                    self.assertLessEqual(wide[1], width, wide)

    def test_dark_is_dark(self) -> None:
        self.browser.look(DESKTOP, dark=True)
        self.open("miner")
        self.browser.wait(lambda: self.drawn() > 100, "no chart")
        light = lambda css, what: sum(map(int, re.findall(r"\d+", str(self.browser.ask("return getComputedStyle(document.querySelector(arguments[0]))[arguments[1]]", css, what)))[:3]))  # noqa: E731
        self.assertLess(light("body", "backgroundColor"), 150)
        self.assertGreater(light("body", "color"), 600)
        self.assertGreater(light(".chart svg text", "fill"), 450)
        self.browser.look(DESKTOP, dark=False)
        self.browser.wait(lambda: light(".chart svg text", "fill") < 300, "the chart keeps its colours")

    def test_screenshots(self) -> None:
        for name, size in (("desktop", DESKTOP), ("phone", PHONE)):
            for scheme in ("light", "dark"):
                self.browser.look(size, dark=scheme == "dark")
                for view in VIEWS:
                    self.open(view)
                    self.browser.wait(lambda view=view: view == "epochs" or self.drawn(), "no chart")
                    self.browser.shot(f"{view}-{name}-{scheme}", size)
        self.assertGreaterEqual(len(list(SHOTS.glob("*.png"))), 16)


class Keyboard(PageTest):
    def press(self, *keys: str) -> None:
        for key in keys:
            ActionChains(self.browser.driver).send_keys(key).perform()

    def focused(self, what: str = "innerText") -> str:
        return str(self.browser.ask("return document.activeElement[arguments[0]]", what))

    def test_all_is_reached_without_a_pointer(self) -> None:
        self.open()
        self.press(Keys.TAB)
        self.assertEqual(self.focused("id"), "skip")
        self.assertGreaterEqual(self.browser.ask("return document.activeElement.getBoundingClientRect().top"), 0, "the skip link is not seen")
        self.press(Keys.ENTER)
        self.assertEqual(self.focused("id"), "main")
        for _ in range(30):
            self.press(Keys.TAB)
            if self.focused("type") == "search":
                break
        self.assertEqual(self.focused("type"), "search")
        ring = self.browser.ask("const style = getComputedStyle(document.activeElement); return [style.outlineStyle, style.outlineWidth]")
        self.assertEqual(ring, ["solid", "3px"])
        self.press("8", Keys.TAB, Keys.SPACE)
        self.assertEqual(self.browser.ask("return document.activeElement.closest('th').getAttribute('aria-sort')"), "ascending")
        for _ in range(10):
            self.press(Keys.TAB)
            if "…" in self.focused():
                break
        # Another epoch draws the rows anew, and the focus stays.
        before = self.browser.text(".head p")
        self.browser.wait(lambda: self.browser.text(".head p") != before, "no new epoch appears")
        self.assertIn("…", self.focused())
        self.press(Keys.ENTER)
        self.browser.wait(lambda: self.browser.texts("main h1") == ["Miner 8"], "it does not open")
        self.assertEqual(self.focused("id"), "main")
        self.browser.wait(lambda: self.drawn() > 100, "no chart")
        for _ in range(12):
            self.press(Keys.TAB)
            if self.focused("className") == "chart":
                break
        self.press(Keys.ARROW_LEFT)
        first = self.browser.text(".told")
        self.press(Keys.ARROW_LEFT)
        self.assertTrue(first and self.browser.text(".told") and first != self.browser.text(".told"))

    def test_everything_has_a_name(self) -> None:
        for view in VIEWS:
            self.open(view)
            nameless = self.browser.ask(
                "return [...document.querySelectorAll('button, input, select, a, table, img')].filter((one) => !("
                "one.textContent.trim() || one.getAttribute('aria-label') || one.labels?.length || one.hasAttribute('alt')"
                ")).map((one) => one.outerHTML)"
            )
            self.assertEqual(nameless, [], view)
            self.assertEqual(len(self.browser.all("h1")), 1, view)


if __name__ == "__main__":
    print(f"screenshots in {SHOTS}")
    unittest.main()
