// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";
import { test } from "node:test";
import { alertname, isAlert, shownName, silencing } from "./alerts";

test("an alert is known by its name", () => {
  assert.equal(isAlert("alert:DiskFull@dublin"), true);
  assert.equal(isAlert("DiskFull{instance=nas}@dublin"), true);
  assert.equal(isAlert("disk@dublin"), false);
  assert.equal(isAlert("site:dublin"), false);
});

test("a group is called by its rule, an alert by its labels", () => {
  assert.equal(alertname("alert:Disk@Full@dublin"), "Disk@Full");
  assert.equal(
    shownName("DiskFull{instance=nas, mountpoint=/}@dublin"),
    "instance=nas, mountpoint=/",
  );
  assert.equal(shownName("DiskFull{}@dublin"), "DiskFull{}@dublin");
  assert.equal(shownName("photos"), "photos");
});

test("a silence of alerts names their rule", () => {
  assert.equal(silencing("alert:DiskFull@dublin"), '{alertname="DiskFull"}');
  assert.equal(silencing("photos"), '{name="photos"}');
});
