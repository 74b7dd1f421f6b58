"""Drops files on an X11 window by the XDND protocol, version 5, as a file manager would, without moving the pointer."""
import pathlib
import time

from Xlib import X
from Xlib.protocol import event


def drop(display, target, files, patience=5.0):
    """Offers `files` to `target`, lets go over its middle, and serves the list when it is asked for.

    Returns once the target says that it has finished; raises when it refuses or stays silent.
    """
    atom = display.intern_atom
    root = display.screen().root
    if target.get_full_property(atom("XdndAware"), X.AnyPropertyType) is None:
        raise RuntimeError("the window takes no drops")
    source = root.create_window(0, 0, 1, 1, 0, display.screen().root_depth, event_mask=X.PropertyChangeMask)
    source.set_selection_owner(atom("XdndSelection"), X.CurrentTime)
    listing = "".join(pathlib.Path(name).absolute().as_uri() + "\r\n" for name in files).encode()

    def tell(kind, *words):
        words = (list(words) + [0] * 5)[:5]
        message = event.ClientMessage(window=target, client_type=atom(kind), data=(32, words))
        target.send_event(message, event_mask=0)
        display.flush()

    size, corner = target.get_geometry(), root.translate_coords(target, 0, 0)
    x, y = abs(corner.x) + size.width // 2, abs(corner.y) + size.height // 2
    tell("XdndEnter", source.id, 5 << 24, atom("text/uri-list"))
    tell("XdndPosition", source.id, 0, (x << 16) | y, X.CurrentTime, atom("XdndActionCopy"))
    let_go, deadline = False, time.monotonic() + patience
    while time.monotonic() < deadline:
        if not display.pending_events():
            time.sleep(0.01)
            continue
        answer = display.next_event()
        if answer.type == X.SelectionRequest:
            answer.requestor.change_property(answer.property, answer.target, 8, listing)
            done = event.SelectionNotify(
                time=answer.time,
                requestor=answer.requestor,
                selection=answer.selection,
                target=answer.target,
                property=answer.property,
            )
            answer.requestor.send_event(done)
            display.flush()
        elif answer.type == X.ClientMessage and answer.client_type == atom("XdndStatus"):
            if not answer.data[1][1] & 1:
                tell("XdndLeave", source.id)
                raise RuntimeError("the window refused the drop")
            if not let_go:
                let_go = True
                tell("XdndDrop", source.id, 0, X.CurrentTime)
        elif answer.type == X.ClientMessage and answer.client_type == atom("XdndFinished"):
            source.destroy()
            return
    raise RuntimeError("the window did not finish the drop")
