// What the theme leaves without a name, or out of the keyboard's reach.
document.querySelector('.md-search').setAttribute('aria-label', 'Search');
addEventListener('load', () => setTimeout(() => {
  for (const wide of document.querySelectorAll('pre, pre > code, .md-typeset__scrollwrap')) {
    if (wide.scrollWidth > wide.clientWidth) wide.tabIndex = 0;
  }
}));
