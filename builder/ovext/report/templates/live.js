// Follows a run: takes over what its server has made since, and keeps open what is open.
(async () => {
  // What is opened, by what it says; of several that say the same, by their order.
  const named = (main) => {
    const found = new Map();
    for (const one of main.querySelectorAll("summary")) {
      const name = one.ariaLabel?.split(":")[0] ?? one.textContent;
      let number = 0;
      while (found.has(`${name} ${number}`)) number += 1;
      found.set(`${name} ${number}`, one);
    }
    return found;
  };
  const main = document.getElementById("report");
  for (let goesOn = true; goesOn; ) {
    await new Promise((done) => setTimeout(done, 1000));
    let news;
    try {
      news = new DOMParser().parseFromString(await (await fetch("/")).text(), "text/html");
    } catch {
      return;
    }
    goesOn = news.querySelector("script") !== null; // the page of a run that has ended has none
    const next = news.getElementById("report");
    const before = named(main);
    const focused = [...before].find(([, one]) => one === document.activeElement)?.[0];
    if (next && next.innerHTML !== main.innerHTML) {
      main.innerHTML = next.innerHTML;
      const after = named(main);
      before.forEach((one, name) => after.get(name)?.parentElement.toggleAttribute("open", one.parentElement.open));
      after.get(focused)?.focus();
    }
  }
})();
