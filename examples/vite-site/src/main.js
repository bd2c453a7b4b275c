import { h, render } from "preact";
import { useState } from "preact/hooks";
import "./style.css";

const Page = () => {
  const [count, setCount] = useState(0);
  return h("main", {}, [
    h("h1", {}, "Slipstream serves this page"),
    h("p", {}, "Vite built it in a sandbox; nothing of the build is in what runs."),
    h("button", { onClick: () => setCount(count + 1) }, `Clicked ${count} times`),
  ]);
};

render(h(Page, {}), document.getElementById("app"));
