"""One table of settings: the help, the page and the errors all come from it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tousu.errors import SettingsError
from tousu_service.settings import Settings, load_settings, table

if TYPE_CHECKING:
    from pathlib import Path


def test_every_setting_has_one_line_of_chinese_help():
    for name, _, words in table():
        assert any("\u4e00" <= char <= "\u9fff" for char in words), name
        assert "\n" not in words


def test_the_help_page_shows_them_all(tousu):
    shown = tousu("serve", "--help").stdout
    for name in Settings.model_fields:
        assert f"TOUSU_{name.upper()}" in shown


def test_options_go_before_the_environment_and_that_before_the_file(tmp_path):
    file = tmp_path / "tousu.toml"
    file.write_text('port = 1\nworkers = 2\nroot_path = "/a"\n')
    found = load_settings({"TOUSU_CONFIG": str(file), "TOUSU_PORT": "3", "TOUSU_WORKERS": "4"}, port=5)
    assert (found.port, found.workers, found.root_path) == (5, 4, "/a")


def test_places_hang_together(tmp_path):
    found = load_settings({"TOUSU_STATE_DIR": str(tmp_path)})
    assert found.database_url == f"sqlite:///{tmp_path / 'tousu.db'}"
    assert found.models_dir == tmp_path / "models"
    assert load_settings({}).state_dir.is_absolute()


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.5", "localhost", "::1"])
def test_the_loopback(host):
    assert load_settings({"TOUSU_HOST": host}).on_loopback


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.0.0.1", "1270.0.0.1", "127.evil.example"])
def test_not_the_loopback(host):
    assert not load_settings({"TOUSU_HOST": host}).on_loopback


@pytest.mark.parametrize(
    ("environment", "says"),
    [
        ({"TOUSU_PROT": "1"}, "TOUSU_PORT"),
        ({"TOUSU_PORT": "65536"}, "TOUSU_PORT"),
        ({"TOUSU_STORE_RAW_TEXT": "maybe"}, "true 或 false"),
        ({"TOUSU_ROOT_PATH": "tousu"}, "TOUSU_ROOT_PATH"),
        ({"TOUSU_LOG_LEVEL": "loud"}, "TOUSU_LOG_LEVEL"),
        ({"TOUSU_TRUSTED_PROXIES": "bad_ip"}, "TOUSU_TRUSTED_PROXIES"),
        ({"TOUSU_TRUSTED_PROXIES": "127.0.0.1,nginx"}, "nginx"),
        ({"TOUSU_TRUSTED_PROXIES": "10.0.0.1/8"}, "10.0.0.0/8"),
        ({"TOUSU_TRUSTED_PROXIES": "127.0.0.1,*"}, "TOUSU_TRUSTED_PROXIES"),
        ({"TOUSU_MAX_TEXT_CHARS": "900000", "TOUSU_MAX_BODY_BYTES": "2000"}, "max_text_chars"),
        ({"TOUSU_CONFIG": "/nowhere/tousu.toml"}, "/nowhere/tousu.toml"),
    ],
)
def test_what_is_wrong_is_named(environment, says):
    with pytest.raises(SettingsError) as told:
        load_settings(environment)
    assert says in str(told.value)


@pytest.mark.parametrize("given", ["*", "::1", "127.0.0.1, 10.0.0.0/8,fd00::/8"])
def test_proxies_may_be_addresses_networks_or_all(given):
    assert load_settings({"TOUSU_TRUSTED_PROXIES": given}).trusted_proxies == given


def test_a_wrong_name_in_the_file_is_named_with_the_file(tmp_path: Path):
    file = tmp_path / "tousu.toml"
    file.write_text("prot = 1\n")
    with pytest.raises(SettingsError) as told:
        load_settings({"TOUSU_CONFIG": str(file)})
    assert str(file) in str(told.value)
    assert "port" in str(told.value)
