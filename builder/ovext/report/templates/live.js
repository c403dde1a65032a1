// Follows a run: takes over what its server has made since, and keeps open what is open.
(async () => {
  const main = document.getElementById("report");
  for (;;) {
    await new Promise((done) => setTimeout(done, 1000));
    let text;
    try {
      text = await (await fetch("/")).text();
    } catch {
      return; // the run has ended, and its server with it
    }
    const news = new DOMParser().parseFromString(text, "text/html").getElementById("report");
    const open = [...main.querySelectorAll("details")].map((one) => one.open);
    const focused = [...main.querySelectorAll("summary")].indexOf(document.activeElement);
    if (news && news.innerHTML !== main.innerHTML) {
      main.innerHTML = news.innerHTML;
      main.querySelectorAll("details").forEach((one, at) => (one.open = open[at] ?? false));
      main.querySelectorAll("summary")[focused]?.focus();
    }
  }
})();
