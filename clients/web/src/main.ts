import { beginPage } from "./state/opening";

const isTime = beginPage();
// The page's face is the larger part of the script: it is read while the device wakes and the map is on its way.
const [{ mount }] = await Promise.all([import("./app/mount"), isTime]);
mount(document.getElementById("app")!);
