// A WHEP viewer of pion: plays until it has seen enough, and prints what that was as JSON. It
// decodes nothing.
//
//	pion_viewer -offer audio,video,events,cues -until video=30,cues=1 [-trickle] URL
//
// The kinds beside sound and pictures are data channels: "data" is one in which nothing is said.
// Ends with 1 if that takes too long, or if the answer is not taken.
package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/pion/webrtc/v3"

	"sluice/pion_viewer/signalling"
)

type count struct {
	Packets int    `json:"packets"`
	Codec   string `json:"codec"`
}

type report struct {
	Accepted bool              `json:"accepted"`
	Left     bool              `json:"left"`
	State    string            `json:"state"`
	Seen     map[string]*count `json:"seen"`
	// Texts of data channels.
	Heard map[string][]string `json:"heard"`
	// Statuses that trickled candidates were answered with.
	Trickled []int  `json:"trickled,omitempty"`
	Failure  string `json:"failure,omitempty"`
}

var (
	offered  = flag.String("offer", "audio,video", "kinds of sections, in their order")
	wanted   = flag.String("until", "", "packets, and texts: video=30,cues=1")
	timeoutS = flag.Float64("timeout-s", 15, "seconds")
	trickles = flag.Bool("trickle", false, "send candidates later, by PATCH, as mediamtx does")
)

func main() {
	flag.Parse()
	seen := &report{State: "new", Seen: map[string]*count{}, Heard: map[string][]string{}}
	if err := play(flag.Arg(0), seen); err != nil {
		seen.Failure = err.Error()
	}
	if err := json.NewEncoder(os.Stdout).Encode(seen); err != nil || seen.Failure != "" {
		os.Exit(1)
	}
}

func play(url string, seen *report) error {
	peer, err := newPeer()
	if err != nil {
		return err
	}
	defer peer.Close()
	watch := newWatch(seen)
	peer.OnTrack(func(track *webrtc.TrackRemote, _ *webrtc.RTPReceiver) { watch.follow(track) })
	for _, kind := range strings.Split(*offered, ",") {
		if err := offerKind(peer, kind, watch); err != nil {
			return err
		}
	}
	offer, err := peer.CreateOffer(nil)
	if err != nil {
		return err
	}
	gathered := webrtc.GatheringCompletePromise(peer)
	var candidates []string
	peer.OnICECandidate(func(candidate *webrtc.ICECandidate) {
		if candidate != nil {
			candidates = append(candidates, candidate.ToJSON().Candidate)
		}
	})
	if err := peer.SetLocalDescription(offer); err != nil {
		return err
	}
	<-gathered
	sdp := offer.SDP
	if !*trickles {
		sdp = peer.LocalDescription().SDP
	}
	response, answer, err := signalling.Request(http.MethodPost, url, "application/sdp", sdp)
	if err != nil {
		return err
	}
	if response.StatusCode != http.StatusCreated {
		return fmt.Errorf("%d: %s", response.StatusCode, answer)
	}
	resource, err := response.Location()
	if err != nil {
		return err
	}
	defer func() {
		seen.State = peer.ConnectionState().String()
		response, _, err := signalling.Request(http.MethodDelete, resource.String(), "", "")
		seen.Left = err == nil && response.StatusCode == http.StatusOK
	}()
	if *trickles {
		if err := trickle(resource.String(), sdp, candidates, seen); err != nil {
			return err
		}
	}
	description := webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: answer}
	if err := peer.SetRemoteDescription(description); err != nil {
		return err
	}
	seen.Accepted = true
	select {
	case <-watch.enough:
		return nil
	case <-time.After(time.Duration(*timeoutS * float64(time.Second))):
		return fmt.Errorf("not within %g s", *timeoutS)
	}
}

func newPeer() (*webrtc.PeerConnection, error) {
	media := &webrtc.MediaEngine{}
	if err := media.RegisterDefaultCodecs(); err != nil {
		return nil, err
	}
	settings := webrtc.SettingEngine{}
	settings.SetIncludeLoopbackCandidate(true)
	api := webrtc.NewAPI(webrtc.WithMediaEngine(media), webrtc.WithSettingEngine(settings))
	return api.NewPeerConnection(webrtc.Configuration{})
}

// What a channel is called, and how it is opened.
type channelOptions struct {
	label string
	init  *webrtc.DataChannelInit
}

var (
	no       = false
	none     = uint16(0)
	channels = map[string]channelOptions{
		"data":   {"messages", nil},
		"events": {"sluice.events", nil},
		"cues":   {"sluice.cues", &webrtc.DataChannelInit{Ordered: &no, MaxRetransmits: &none}},
	}
)

func offerKind(peer *webrtc.PeerConnection, kind string, watch *watch) error {
	if options, isChannel := channels[kind]; isChannel {
		channel, err := peer.CreateDataChannel(options.label, options.init)
		if err != nil {
			return err
		}
		channel.OnMessage(func(message webrtc.DataChannelMessage) {
			watch.hear(kind, string(message.Data))
		})
		return nil
	}
	_, err := peer.AddTransceiverFromKind(
		webrtc.NewRTPCodecType(kind),
		webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionRecvonly},
	)
	return err
}

// Counts packets, and keeps what is said.
type watch struct {
	lock    sync.Mutex
	once    sync.Once
	seen    *report
	missing map[string]int
	// Closes when there was enough of each kind.
	enough chan struct{}
}

func newWatch(seen *report) *watch {
	missing := map[string]int{}
	for _, pair := range strings.Split(*wanted, ",") {
		kind, packets, _ := strings.Cut(pair, "=")
		missing[kind], _ = strconv.Atoi(packets)
	}
	return &watch{seen: seen, missing: missing, enough: make(chan struct{})}
}

func (watch *watch) follow(track *webrtc.TrackRemote) {
	kind := track.Kind().String()
	for {
		if _, _, err := track.ReadRTP(); err != nil {
			return
		}
		watch.lock.Lock()
		if watch.seen.Seen[kind] == nil {
			watch.seen.Seen[kind] = &count{Codec: track.Codec().MimeType}
		}
		watch.seen.Seen[kind].Packets++
		watch.check()
		watch.lock.Unlock()
	}
}

func (watch *watch) hear(kind, text string) {
	watch.lock.Lock()
	defer watch.lock.Unlock()
	watch.seen.Heard[kind] = append(watch.seen.Heard[kind], text)
	watch.check()
}

func (watch *watch) check() {
	for kind, wanted := range watch.missing {
		there := len(watch.seen.Heard[kind])
		if packets := watch.seen.Seen[kind]; packets != nil {
			there += packets.Packets
		}
		if there < wanted {
			return
		}
	}
	watch.once.Do(func() { close(watch.enough) })
}

// Sends candidates as mediamtx does: each with its own "candidate:" behind the attribute's name.
func trickle(resource, offer string, candidates []string, seen *report) error {
	for _, candidate := range candidates {
		body := signalling.Credentials(offer) +
			"m=audio 9 UDP/TLS/RTP/SAVPF 0\r\na=mid:0\r\na=candidate:" + candidate + "\r\n"
		response, text, err := signalling.Patch(resource, "*", body)
		if err != nil {
			return err
		}
		seen.Trickled = append(seen.Trickled, response.StatusCode)
		if response.StatusCode != http.StatusNoContent {
			return fmt.Errorf("%d: %s", response.StatusCode, text)
		}
	}
	if len(candidates) == 0 {
		return errors.New("no candidates to trickle")
	}
	return nil
}
