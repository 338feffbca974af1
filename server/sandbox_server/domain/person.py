"""Who is one person. Pure."""


def person(mail: str) -> str:
    """The same for every way to write one person's mail address: "Ann+2@Example.org" is "ann@example.org".

    What follows a "+" is that person's own label: one mailbox gets all of them.
    """
    local, at, domain = mail.strip().lower().rpartition("@")
    return f"{local.partition('+')[0] or local}{at}{domain}"
