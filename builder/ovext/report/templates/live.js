// Follows a run: takes over what its server has made since, and keeps open what is open.
(async () => {
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
    const open = [...main.querySelectorAll("details")].map((one) => one.open);
    const focused = [...main.querySelectorAll("summary")].indexOf(document.activeElement);
    if (next && next.innerHTML !== main.innerHTML) {
      main.innerHTML = next.innerHTML;
      main.querySelectorAll("details").forEach((one, at) => (one.open = open[at] ?? false));
      main.querySelectorAll("summary")[focused]?.focus();
    }
  }
})();
